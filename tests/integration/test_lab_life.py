# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab comes and goes without a trace, whatever interrupts it. Each test has a lab of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

LAB = Path(__file__).resolve().parent.parent.parent / "lab"
SECONDS = 30


@pytest.fixture
def state_home(tmp_path: Path) -> Iterator[Path]:
    """A state folder for one lab, which is taken down at the end."""
    if os.geteuid() != 0:
        pytest.skip("the lab needs root")
    yield tmp_path
    call("down", tmp_path)


def environment(state_home: Path) -> dict[str, str]:
    return {**os.environ, "XDG_STATE_HOME": str(state_home)}


def call(
    command: str, state_home: Path, *arguments: str, cwd: Path | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(LAB / command), *arguments], env=environment(state_home), cwd=cwd, stdin=subprocess.DEVNULL,
        text=True, capture_output=True, timeout=180, check=False,
    )  # fmt: skip


def said(*command: str) -> str:
    return subprocess.run(command, text=True, capture_output=True, check=True).stdout


def machine() -> dict[str, str]:
    """What the lab must not change on the machine: rules, interfaces, addresses, routes, mounts, settings."""
    here = {
        "rules": said("nft", "-s", "list", "ruleset"),
        "sets": said("ipset", "list", "-name"),
        "interfaces": said("ip", "-o", "-br", "link", "show"),
        "addresses": said("ip", "-o", "-br", "address", "show"),
        "routes": said("ip", "route", "show", "table", "all")
        + said("ip", "-6", "route", "show", "table", "all"),
        "named namespaces": said("ip", "netns", "list"),
        "mounts": Path("/proc/self/mounts").read_text(),
        "hostname": said("uname", "-n"),
    }
    for file in ("net/ipv4/ip_forward", "net/ipv6/conf/all/forwarding", "net/ipv4/conf/all/rp_filter"):
        here[file] = Path("/proc/sys", file).read_text()
    for file in ("passwd", "group", "hosts", "nftables.conf"):
        path = Path("/etc", file)
        here[str(path)] = f"{path.read_text()} {path.stat().st_mtime_ns}" if path.exists() else ""
    return here


def holders(state_home: Path) -> set[int]:
    """Every process 1 of a lab of this state folder, recorded or not."""
    found = set()
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                words = (folder / "cmdline").read_bytes().split(b"\0")
                if os.fsencode(state_home / "pathguard-lab") in words:
                    found.add(int(folder.name))
            except (FileNotFoundError, ProcessLookupError):
                continue
    return found


def wait_until(condition: Callable[[], bool], what: str, seconds: float = SECONDS) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


def inits_of(state_home: Path) -> set[int]:
    record = json.loads((state_home / "pathguard-lab" / "lab.json").read_text())
    return {pid for pid, _unused in record["inits"].values()}


def test_leaves_the_machine_alone_and_nothing_behind(state_home: Path) -> None:
    before = machine()
    started = time.monotonic()
    up = call("up", state_home, cwd=Path("/"))
    assert up.returncode == 0, up.stderr
    assert time.monotonic() - started < SECONDS
    assert all("s  " in line for line in up.stdout.splitlines()[:-1]), "one line a stage"
    here = f"XDG_STATE_HOME={state_home} ./lab"
    assert up.stdout.splitlines()[-1] == f"the lab is up; {here}/shell HOST goes inside, {here}/down ends it"
    inits = inits_of(state_home)
    assert len(inits) == 16
    assert holders(state_home) == inits
    assert machine() == before
    change = "nft flush ruleset; ip link add dummy9 type veth; mount -t tmpfs none /mnt; echo x > /etc/hosts; hostname elsewhere"
    assert call("shell", state_home, "fw1", "--", "sh", "-c", change).returncode == 0
    assert machine() == before
    second = call("up", state_home)
    assert second.returncode == 1
    assert "already running" in second.stderr
    assert f"{here}/down" in second.stderr
    assert inits_of(state_home) == inits
    assert call("down", state_home).stdout == "the lab is down\n"
    assert machine() == before
    wait_until(lambda: not holders(state_home), "hosts live on")
    assert list(state_home.iterdir()) == []
    again = call("down", state_home)
    assert (again.returncode, again.stdout) == (0, "no lab is running\n")


def test_folders_that_had_to_be_made_are_removed_with_the_lab(state_home: Path) -> None:
    """~/.local/state of a new user, for instance; what somebody else has put there stays."""
    deep = state_home / "a" / "b"
    assert call("up", deep).returncode == 0
    assert call("reset", deep).returncode == 0
    (state_home / "a" / "other").write_text("")
    assert call("down", deep).stdout == "the lab is down\n"
    assert [path.name for path in state_home.rglob("*")] == ["a", "other"]
    assert call("down", deep).stdout == "no lab is running\n"
    assert not deep.exists()


def test_a_demo_that_cant_begin_says_so_first(state_home: Path) -> None:
    assert call("up", state_home).returncode == 0
    try:
        done = call("demo", state_home)
        assert (done.returncode, done.stdout) == (1, "")
        assert "a lab is already running" in done.stderr
        taken = call("demo", state_home, "--keep", str(state_home))
        assert (taken.returncode, taken.stdout) == (2, "")
    finally:
        call("down", state_home)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("line", ["cables", "PostgreSQL primary"])
def test_a_start_that_is_stopped_leaves_nothing_running(
    state_home: Path, number: signal.Signals, line: str
) -> None:
    before = machine()
    process = subprocess.Popen(
        [str(LAB / "up")], env=environment(state_home), text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    assert any(line in text for text in process.stdout), "the stage was never reached"
    assert holders(state_home)
    process.send_signal(number)
    _unused, errors = process.communicate(timeout=60)
    wait_until(lambda: not holders(state_home), "hosts of a stopped start live on")
    assert machine() == before
    if number != signal.SIGKILL:
        assert process.returncode == 130
        assert f"stopped by {number.name}" in errors
        assert list(state_home.iterdir()) == []
    assert call("down", state_home).returncode == 0
    assert list(state_home.iterdir()) == []


def test_starts_again_after_a_start_was_killed(state_home: Path) -> None:
    process = subprocess.Popen(
        [str(LAB / "up")], env=environment(state_home), text=True, stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    process.stdout.readline()
    process.kill()
    process.communicate(timeout=60)
    up = call("up", state_home)
    assert up.returncode == 0, up.stderr
    assert "removing what a lab that did not end well has left" in up.stdout


def test_a_failed_start_cleans_up_and_says_why(state_home: Path) -> None:
    before = machine()
    fake = state_home.parent / (state_home.name + "-bin")
    fake.mkdir()
    (fake / "ssh-keygen").write_text("#!/bin/sh\necho no entropy today >&2\nexit 3\n")
    (fake / "ssh-keygen").chmod(0o755)
    done = subprocess.run(
        [str(LAB / "up")], env={**environment(state_home), "PATH": f"{fake}:{os.environ['PATH']}"},
        text=True, capture_output=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr == "lab/up: making the login key failed (exit status 3)\nno entropy today\n"
    assert holders(state_home) == set()
    assert machine() == before
    assert list(state_home.iterdir()) == []


def test_commands_without_a_lab_say_how_to_start_it(state_home: Path) -> None:
    for command in (("shell", "fw1"), ("reboot", "fw1"), ("reset",)):
        done = call(command[0], state_home, *command[1:])
        assert done.returncode == 1
        assert "no lab is running" in done.stderr
        assert f"XDG_STATE_HOME={state_home} ./lab/up" in done.stderr
    assert list(state_home.iterdir()) == []


@pytest.mark.parametrize(
    ("path", "missing"),
    [("/usr/bin:/bin", "sudo would ask for a password"), ("/nowhere", "there is no sudo")],
)
def test_without_root_and_sudo_it_says_what_is_missing(state_home: Path, path: str, missing: str) -> None:
    """As another user, who may not read this work tree: so the functions are handed over as text."""
    source = (LAB / "lib" / "bootstrap.sh").read_text()
    functions = "\n".join(line for line in source.splitlines() if not line.startswith("pg_repository="))
    done = subprocess.run(
        ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", "env", "-i", "HOME=/nonexistent",
         f"PATH={path}", "/bin/bash", "-c", functions + "\npg_root /bin/true"],
        text=True, capture_output=True, stdin=subprocess.DEVNULL, timeout=30, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert missing in done.stderr
    assert "what to do: run it as root" in done.stderr


SLOW_TO_TELL = """
import importlib.util, sys, time
spec = importlib.util.spec_from_file_location("host_init", sys.argv[1])
host_init = importlib.util.module_from_spec(spec)
spec.loader.exec_module(host_init)
say = host_init._say
def late(text):
    if text.isdigit():
        time.sleep(0.5)
    say(text)
host_init._say = late
host_init.main()
"""


def test_a_host_tells_its_number_before_it_says_ready(state_home: Path) -> None:
    """Whichever of the two processes the kernel runs first: on a busy machine the child may be done
    before its parent has written the number."""
    program = [
        "/usr/bin/python3", "-I", "-S", "-c", SLOW_TO_TELL, str(LAB / "pathguard_lab/host_init.py"),
    ]  # fmt: skip
    with subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as starting:
        assert starting.stdin is not None
        assert starting.stdout is not None
        starting.stdin.write(json.dumps({"name": "wire", "kind": "wire"}) + "\n")
        starting.stdin.flush()
        first, second = starting.stdout.readline().strip(), starting.stdout.readline().strip()
        starting.stdin.close()  # the leash: the host ends
    assert (first.isdigit(), second) == (True, "ready")
