# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Drills in the lab: a fault is found by diagnose, and a trainee in a real terminal finds one and leaves nothing."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import select
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lab.pathguard_lab.demo_checks import Remains
from lab.pathguard_lab.drill.catalogue import Fault, faults
from lab.pathguard_lab.drill.scene import Scene
from lab.pathguard_lab.drill.unattended import LIMIT_SECONDS, solve
from lab.pathguard_lab.state import State
from tests.integration.lab_fixture import ROOT, Lab
from tests.integration.test_diagnose import CATALOGUE

DRILL = ROOT / "lab" / "drill"
PATIENCE = 240.0


def of(name: str) -> Fault:
    return next(fault for fault in faults() if fault.id == name)


def test_a_fault_is_found_unattended(fresh_lab: Lab, tmp_path: Path) -> None:
    """The whole way, but for the diagnosis of the day before."""
    result = solve(Scene(State(fresh_lab.state_dir), tmp_path), of("01"), history=False)
    assert (result.found, result.host, result.how) == (True, "fw1", "cause, certain"), result
    assert 0 < result.seconds < LIMIT_SECONDS
    assert fresh_lab.query("app08").stdout == "500\n"  # and it is undone


@pytest.mark.long
@pytest.mark.parametrize(
    "fault", [one for one in faults() if one.id not in CATALOGUE], ids=lambda one: one.id
)
def test_each_fault_can_be_solved_with_diagnose(fresh_lab: Lab, tmp_path: Path, fault: Fault) -> None:
    """Those that the tests of diagnose leave out."""
    result = solve(Scene(State(fresh_lab.state_dir), tmp_path), fault)
    assert result.good, result


class Trainee:
    """Somebody at a terminal in which a command runs."""

    def __init__(self, command: list[str], environment: dict[str, str]) -> None:
        self.said = ""
        self._ended = False
        self.pid, self._terminal = pty.fork()
        if self.pid == 0:
            os.chdir(ROOT)
            os.execvpe(command[0], command, environment)  # noqa: S606

    def types(self, line: str) -> None:
        """At the prompt: what is typed before goes to whatever runs then."""
        self.sees("drill desk # ")
        os.write(self._terminal, line.encode() + b"\n")

    def sees(self, text: str, seconds: float = PATIENCE) -> None:
        """Wait until it is on the screen, after what was seen before."""
        self._read_until(lambda: text in self.said, seconds)
        assert text in self.said, self.said
        self.said = self.said.partition(text)[2]

    def _read_until(self, found: Callable[[], bool], seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while not found() and time.monotonic() < deadline:
            if select.select([self._terminal], [], [], 1.0)[0]:
                try:
                    data = os.read(self._terminal, 65536)
                except OSError:  # EIO: it has ended
                    return
                self.said += data.decode("utf-8", "replace")

    def closes(self) -> None:
        if self._terminal >= 0:
            os.close(self._terminal)
            self._terminal = -1

    def __enter__(self) -> Trainee:
        return self

    def __exit__(self, *_unused: object) -> None:
        """However the test ended, nothing is left running."""
        self.closes()
        if not self._ended:
            self.ends()

    def ends(self, seconds: float = PATIENCE) -> int:
        """The command's exit status."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self._ended = True
                return os.waitstatus_to_exitcode(status)
            self._drain()
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        self._ended = True
        raise AssertionError("it does not end")

    def _drain(self) -> None:
        """What nobody reads would hold up whoever writes it."""
        if self._terminal < 0:
            time.sleep(0.2)
        elif select.select([self._terminal], [], [], 0.2)[0]:
            with contextlib.suppress(OSError):
                self.said += os.read(self._terminal, 65536).decode("utf-8", "replace")


@pytest.fixture
def environment(tmp_path: Path) -> Iterator[dict[str, str]]:
    """A lab of its own, which has to be gone at the end, and its temporary files with it."""
    if os.geteuid() != 0:
        pytest.skip("the lab needs root")
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    found = {
        **os.environ,
        "XDG_STATE_HOME": str(tmp_path / "state"),
        "PATHGUARD_VENV": sys.prefix,
        "TMPDIR": str(temporary),
        "TERM": "dumb",
    }
    yield found
    assert not (tmp_path / "state" / "pathguard-lab").exists()
    assert list(temporary.iterdir()) == []


def score(environment: dict[str, str]) -> dict[str, object]:
    path = Path(environment["XDG_STATE_HOME"]) / "pathguard-drill" / "scores.jsonl"
    assert path.stat().st_mode & 0o777 == 0o600
    [line] = path.read_text().splitlines()
    found: dict[str, object] = json.loads(line)
    return found


@pytest.mark.long
@pytest.mark.parametrize("through_ansible", [False, True], ids=["lab/drill", "playbook"])
def test_a_trainee_finds_it(environment: dict[str, str], through_ansible: bool) -> None:
    words = (
        ["-e", "drill_fault=03a", "-e", "drill_trainee=Ada"]
        if through_ansible
        else ["03a", "--trainee", "Ada"]
    )
    program = [f"{sys.prefix}/bin/ansible-playbook", str(ROOT / "playbooks" / "drill.yml")]
    with Trainee([*(program if through_ansible else [str(DRILL)]), *words], environment) as trainee:
        remains = _drilled(trainee, environment)
    told = score(environment)
    assert (told["trainee"], told["fault"], told["outcome"], told["wrong"], told["hints"]) == (
        "Ada",
        "03a",
        "solved",
        1,
        1,
    )
    assert not any(remains.look().values()), remains.look()


def _drilled(trainee: Trainee, environment: dict[str, str]) -> Remains:
    trainee.sees("on 3 of 10 shop servers.")
    remains = Remains.of(State(Path(environment["XDG_STATE_HOME"]) / "pathguard-lab"))
    trainee.types("answer fw2 nat")
    trainee.sees("not on fw2")
    trainee.types("\x03")  # ctrl-C is the shell's, and not the drill's
    trainee.types("hint")
    trainee.sees("users tell: Since the release of 09:30")
    trainee.types("ssh fw1 sudo nft list chain inet filter forward")
    trainee.sees("ip saddr 10.10.1.0/26 ip daddr")
    trainee.types("answer fw1 'ip saddr 10.10.1.0/26'")
    trainee.sees("put it back: on fw1: nft replace rule inet filter forward handle")
    trainee.types("exit")
    trainee.sees("solved after")
    assert trainee.ends() == 0
    return remains


@pytest.mark.long
@pytest.mark.parametrize("how", ["closes", "term", "ctrl-c"])
def test_whoever_leaves_takes_the_lab_along(environment: dict[str, str], how: str) -> None:
    with Trainee([str(DRILL), "26"], environment) as trainee:
        if how == "ctrl-c":  # before there is a terminal inside
            trainee.sees("all hosts run")
            os.kill(trainee.pid, signal.SIGINT)
            assert trainee.ends() == 130
            return
        trainee.sees("new connections to the database are refused")
        if how == "closes":
            trainee.closes()
        else:
            os.kill(trainee.pid, signal.SIGTERM)
        assert trainee.ends() in (0, 130, -signal.SIGHUP)
    assert score(environment)["outcome"] == "left"


@pytest.mark.long
def test_an_interrupted_playbook_takes_the_lab_along(environment: dict[str, str]) -> None:
    """Ansible leaves the program of a module behind; this one notices."""
    program = [f"{sys.prefix}/bin/ansible-playbook", str(ROOT / "playbooks" / "drill.yml")]
    words = ["-e", "drill_unattended=true", "-e", "drill_fault=26"]
    state = State(Path(environment["XDG_STATE_HOME"]) / "pathguard-lab")
    deadline = time.monotonic() + PATIENCE
    with Trainee([*program, *words], environment) as trainee:
        while state.read() is None:
            assert time.monotonic() < deadline, "no lab comes up"
            time.sleep(0.2)
        os.kill(trainee.pid, signal.SIGKILL)
        trainee.ends()
    while state.folder.exists() or list(Path(environment["TMPDIR"]).iterdir()):
        assert time.monotonic() < deadline, "the lab stays"
        time.sleep(0.2)


def test_the_playbook_says_where_the_lab_is(tmp_path: Path) -> None:
    """As the built collection has it: playbooks without lab/."""
    shutil.copytree(ROOT / "playbooks", tmp_path / "playbooks")
    done = subprocess.run(
        [f"{sys.prefix}/bin/ansible-playbook", str(tmp_path / "playbooks" / "drill.yml")],
        capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL, cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 2
    said = " ".join((done.stdout + done.stderr).split())
    assert "The lab is not in the built collection, and there is none at" in said
    assert "Traceback" not in said


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["ipsett"], "did you mean 07b (a member dropped from an ipset)?"),
        (["03a"], "a drill needs a terminal, and there is none"),
        pytest.param(["--faults", "3"], "--faults is for --unattended", marks=pytest.mark.long),
        pytest.param(
            ["--unattended", "--faults", "3", "--keep", "."],
            "name a folder that does not exist",
            marks=pytest.mark.long,
        ),
    ],
)
def test_mistakes_are_told_before_a_lab_comes_up(
    environment: dict[str, str], words: list[str], says: str
) -> None:
    done = subprocess.run(
        [DRILL, *words],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode == 1
    assert says in done.stderr
    assert len(done.stderr.splitlines()) <= 5
    assert "hosts have their namespaces" not in done.stdout


@pytest.mark.long
def test_a_lab_that_runs_is_left_alone(lab: Lab, environment: dict[str, str]) -> None:
    done = subprocess.run(
        [DRILL, "--unattended", "--faults", "3"], capture_output=True, text=True, check=False,
        env={**environment, "XDG_STATE_HOME": str(lab.xdg_state_home)}, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr.startswith("lab/drill: a lab is already running")
    assert lab.run("fw1", "true").returncode == 0
