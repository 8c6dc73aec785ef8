# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host of our own for tests: network, mount, PID and UTS namespaces, with its own /etc and /var/lib/pathguard.

Nothing that runs in it can touch the rules or files of the machine. It is a ``Channel`` too.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import uuid
from pathlib import Path

from ansible_collections.pathguard.network.plugins.plugin_utils.gather.channel import Reply

# The host's own tools, whatever environment the tests run in.
ENVIRONMENT = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C"}

_INIT = """
set -e
mount --make-rprivate /
mount -t tmpfs tmpfs "$WORK"
mkdir "$WORK/upper" "$WORK/work" "$WORK/etc" "$WORK/lib"
mount -t overlay -o lowerdir=/etc,upperdir="$WORK/upper",workdir="$WORK/work" overlay "$WORK/etc"
mount --rbind "$WORK/etc" /etc
mount -t tmpfs -o mode=0755 tmpfs /run
mkdir -p /var/lib/pathguard
mount --bind "$WORK/lib" /var/lib/pathguard
echo "$BOOT_ID" > "$WORK/boot_id"
mount --bind "$WORK/boot_id" /proc/sys/kernel/random/boot_id
rm -rf /etc/nftables.conf /etc/iptables /etc/ufw /etc/firewalld /etc/default/ufw
ip link set lo up
echo ready
exec sleep infinity
"""


class NetnsHost:
    """``run`` gives a Reply as a login would; ``sh`` is for the test's own commands and fails on an error."""

    def __init__(self, name: str = "testhost") -> None:
        self.host = name
        self.work = Path(tempfile.mkdtemp(prefix="pathguard-host-"))
        self._made = not Path("/var/lib/pathguard").exists()
        self.process = subprocess.Popen(
            [
                "unshare",
                "--net",
                "--mount",
                "--pid",
                "--uts",
                "--fork",
                "--kill-child",
                "--mount-proc",
                "sh",
                "-c",
                _INIT,
            ],
            env={**os.environ, "WORK": str(self.work), "BOOT_ID": str(uuid.uuid4())},
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        assert self.process.stdout is not None
        assert self.process.stdout.readline().strip() == "ready"
        self.init = int(
            Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()[0]
        )

    def argv(self, command: str) -> list[str]:
        return [
            "nsenter",
            "--target",
            str(self.init),
            "--net",
            "--mount",
            "--pid",
            "--uts",
            "sh",
            "-c",
            command,
        ]

    def run(
        self, command: str, *, stdin: str | None = None, become: bool = False, timeout: float | None = None
    ) -> Reply:
        assert become, "the agent works as root only"
        done = subprocess.run(
            self.argv(command),
            env=ENVIRONMENT,
            input=stdin or "",
            capture_output=True,
            text=True,
            timeout=timeout or 60,
            check=False,
        )
        return Reply(done.returncode, done.stdout, done.stderr)

    def sh(self, command: str, stdin: str = "") -> str:
        done = subprocess.run(
            self.argv(command), input=stdin, capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 0, f"{command}: {done.stderr or done.stdout}"
        return done.stdout

    def nft(self, script: str) -> None:
        self.sh("nft -f -", script)

    def guards(self) -> list[int]:
        """Process ids of the timers, inside the host."""
        lines = self.sh("ps -eww -o pid= -o args=").splitlines()
        return [int(line.split()[0]) for line in lines if "agent.py guard " in line]

    def kill_guards(self) -> None:
        for pid in self.guards():
            self.sh(f"kill -9 {pid}")

    def reboot(self) -> None:
        """What a reboot leaves: no processes, no rules, another boot id; the files stay. The namespaces stay too."""
        self.kill_guards()
        self.sh("nft flush ruleset")
        (self.boot_id_file).write_text(f"{uuid.uuid4()}\n")

    @property
    def boot_id_file(self) -> Path:
        return Path(f"/proc/{self.init}/root{self.work}/boot_id")

    def close(self) -> None:
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        if self.process.stdout is not None:
            self.process.stdout.close()
        shutil.rmtree(self.work, ignore_errors=True)
        if self._made:
            with_path = Path("/var/lib/pathguard")
            if with_path.exists() and not any(with_path.iterdir()):
                with_path.rmdir()
