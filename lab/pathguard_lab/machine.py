# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Starting hosts: process 1 of each, their switches and cables, and their boot."""

from __future__ import annotations

import contextlib
import json
import subprocess
import uuid
from pathlib import Path

from . import topology
from .contents import File
from .errors import LabError
from .process import HOST_ENVIRONMENT, Identity, inside, ip_batch, run
from .state import State

HOST_INIT = Path(__file__).with_name("host_init.py")
# The system's own interpreter: it is on the hosts too, and a user's one may live where hosts can't see it.
PYTHON = "/usr/bin/python3"


class Starting:
    """A process 1 that has been started and still hangs on its starter's leash."""

    def __init__(self, state: State, name: str, kind: str, files: list[File]) -> None:
        self.name = name
        # The last two arguments only tell whoever looks at the machine's processes what this one is.
        command = [PYTHON, "-I", "-S", str(HOST_INIT), str(state.folder), name]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=HOST_ENVIRONMENT, cwd="/"
        )
        spec = {
            "name": name,
            "kind": kind,
            "boot_id": str(uuid.uuid4()),
            "files": files,
            "hosts_file": topology.hosts_file(name),
        }
        self._send(json.dumps(spec).encode() + b"\n")

    def _send(self, data: bytes) -> None:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(data)
            self._process.stdin.flush()
        except BrokenPipeError:
            pass  # it said why on its standard output, which ready() reads

    def ready(self) -> Identity:
        """Wait until the host has its root file system."""
        assert self._process.stdout is not None
        first = self._process.stdout.readline().decode().strip()
        second = self._process.stdout.readline().decode().strip() if first.isdigit() else first
        if second != "ready":
            self.drop()
            raise LabError(
                f"host {self.name} can't start: {second.removeprefix('failed: ') or 'it said nothing'}\n"
                "what to do: the lab needs network, mount and process namespaces, overlayfs and tmpfs"
            )
        identity = Identity.of(int(first))
        if identity is None:
            raise LabError(f"host {self.name} died while it started")
        self._process.wait()
        return identity

    def let_go(self) -> None:
        """From now on the host lives without its starter."""
        self._send(b"go\n")
        self.drop()

    def drop(self) -> None:
        """Close the leash; a host that was not let go ends."""
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with contextlib.suppress(BrokenPipeError):
                    pipe.close()


def make_switches(wire: Identity) -> None:
    lines = []
    for segment in topology.SEGMENTS:
        lines += [
            f"link add {segment.switch} type bridge stp_state 0 mcast_snooping 0",
            f"link set {segment.switch} up",
        ]
    ip_batch(wire, lines, what="making the switches")


def plug_in(wire: Identity, name: str, host: Identity, legs: list[tuple[topology.Segment, int]]) -> None:
    """A cable from each segment's switch; both ends are made inside the lab, never on the machine. The
    hardware addresses are fixed, so that a rebuilt host's neighbours need not learn a new one."""
    lines = []
    for segment, number in legs:
        lines += [
            f"link add {_port(name, segment)} type veth peer name {segment.interface} "
            f"address {segment.hardware(number)} netns {host.pid}",
            f"link set {_port(name, segment)} master {segment.switch} up",
        ]
    ip_batch(wire, lines, what=f"plugging in {name}")


def unplug(wire: Identity, name: str, legs: list[tuple[topology.Segment, int]]) -> None:
    """Take away the cables of a host that ended; its own namespace goes away in its own time."""
    lines = [f"link delete {_port(name, segment)}\n" for segment, _unused in legs]
    subprocess.run(
        inside(wire.pid, ["ip", "-force", "-batch", "-"], net_only=True),
        input="".join(lines),
        text=True,
        capture_output=True,
        check=False,
    )


def _port(name: str, segment: topology.Segment) -> str:
    return f"{name}-{segment.switch}"


def boot(host: Identity, name: str) -> None:
    run(
        inside(host.pid, ["setsid", "--wait", "/usr/local/sbin/lab-boot"]),
        what=f"booting {name}",
        env=HOST_ENVIRONMENT,
    )


def connect_controller(controller: Identity) -> None:
    segment, number = topology.MANAGEMENT, topology.CONTROLLER_NUMBER
    lines = [
        "link set lo up",
        f"address replace {segment.address4(number)}/{segment.net4.prefixlen} dev {segment.interface}",
        f"link set {segment.interface} up",
    ]
    ip_batch(controller, lines, what="connecting the controller")
