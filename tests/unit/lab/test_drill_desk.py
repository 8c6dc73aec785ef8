# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What surrounds a drill: the symptom, the scores, the trainee's commands and terminal."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from lab.pathguard_lab.drill import ask, terminal
from lab.pathguard_lab.drill.catalogue import faults
from lab.pathguard_lab.drill.listener import listening
from lab.pathguard_lab.drill.score import Score, keep, scores, table
from lab.pathguard_lab.drill.symptom import Attempt, lines
from lab.pathguard_lab.errors import LabError
from lab.pathguard_lab.lab import Lab
from lab.pathguard_lab.state import Record, State

SCORE = Score("2026-11-23T02:10:00Z", "Ada", "03a", 7, "solved", 83.4, 1, 2)
FULL = {"size": 3, "alive": 3}
TIMEOUT = 'connection to server at "10.20.1.10", port 5432 failed: timeout expired'
REFUSED = 'connection to server at "10.20.1.10", port 5432 failed: Connection refused'


def attempts(*errors: str) -> list[Attempt]:
    """One a second from 02:10:00 UTC on, each of another host; an empty error is a connection."""
    return [
        Attempt(f"app{index:02d}", 7800.0 + index, not error, error) for index, error in enumerate(errors)
    ]


def test_a_share_times_out_and_pools_hide_it() -> None:
    pools = {f"app{index:02d}": FULL for index in range(4)}
    said = lines(attempts("", TIMEOUT, "", ""), pools, faults()[0])
    assert said == [
        "1 of 4 new connections to the database time out (since 02:10:01 UTC), on 1 of 4 shop servers.",
        "But of 12 connections in the pools 12 work; so most pages still work, some only slowly.",
    ]


def test_all_are_refused_and_the_pools_are_gone() -> None:
    pools = {"app00": {"size": 3, "alive": 0}, "app01": {"size": 3, "alive": 0}}
    said = lines(attempts(REFUSED, REFUSED), pools, faults()[0])
    assert "2 of 2 new connections to the database are refused" in said[0]
    assert said[1] == "And of 6 connections in the pools 0 work."


def test_errors_of_several_kinds_just_fail() -> None:
    assert (
        "2 of 2 new connections to the database fail" in lines(attempts(REFUSED, TIMEOUT), {}, faults()[0])[0]
    )


def test_where_the_monitoring_sees_nothing_somebody_calls() -> None:
    said = lines(attempts("", ""), {"app00": FULL, "app01": FULL}, faults()[0])
    assert said[0].startswith("The shop's monitoring sees nothing: all 2 new connections worked; of 6 ")
    assert said[1] == f"But somebody calls: {faults()[0].symptom}"


def test_scores_are_lines_that_only_the_owner_reads(tmp_path: Path) -> None:
    path = tmp_path / "state" / "scores.jsonl"
    assert scores(path) == ([], 0)
    keep(SCORE, path)
    with path.open("a") as file:
        file.write('{"torn": \n[]\n{"at": 1}\n')
    keep(SCORE, path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert json.loads(path.read_text().splitlines()[0])["trainee"] == "Ada"
    assert scores(path) == ([SCORE, SCORE], 3)
    assert "Ada           03a    solved         83      1      2" in table([SCORE])


def test_scores_that_cannot_be_kept(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(LabError, match=r"the score could not be kept in .*\nwhat to do"):
        keep(SCORE, tmp_path / "file" / "scores.jsonl")


def test_a_command_reaches_the_drill(tmp_path: Path) -> None:
    socket = tmp_path / "socket"
    heard: list[list[str]] = []

    def reply(words: list[str]) -> str:
        heard.append(words)
        return "No, that is not it.\n\u00fc"

    with listening(socket, reply):
        done = subprocess.run(
            [sys.executable, "-I", "-B", ask.__file__, str(socket), "answer", "fw1", "it's \"this\""],
            capture_output=True, text=True, check=False, encoding="utf-8", stdin=subprocess.DEVNULL,
        )  # fmt: skip
    assert (done.returncode, done.stdout) == (0, "No, that is not it.\n\u00fc\n")
    assert heard == [["answer", "fw1", 'it\'s "this"']]
    assert not socket.exists()


def test_a_command_after_the_drill_says_so(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-I", "-B", ask.__file__, str(tmp_path / "gone"), "hint"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr == "the drill does not answer: No such file or directory\n"


def test_keys_and_screen_of_the_trainees_terminal() -> None:
    ours, theirs = os.openpty()
    said: list[bytes] = []

    def trainee() -> None:
        os.write(ours, b"answer\n")
        while b"got answer" not in b"".join(said):
            said.append(os.read(ours, 1024))

    thread = threading.Thread(target=trainee)
    thread.start()
    command = ["setsid", "--ctty", "sh", "-c", 'read word; echo "got $word"; tty >/dev/null && exit 3']
    try:
        assert terminal.shell(command, os.environ, theirs) == 3
        thread.join(5)
        assert not thread.is_alive()
    finally:
        os.close(ours)
        os.close(theirs)


def test_a_terminal_that_is_closed_ends_what_runs_in_it() -> None:
    ours, theirs = os.openpty()
    threading.Timer(0.2, os.close, (ours,)).start()
    try:
        assert terminal.shell(["setsid", "--ctty", "sleep", "60"], os.environ, theirs) is None
    finally:
        os.close(theirs)


def test_no_terminal_where_input_is_none() -> None:
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]);"
        "from lab.pathguard_lab.drill import terminal; print(terminal.of_us(), terminal.ansible())"
    )
    root = str(Path(terminal.__file__).resolve().parents[3])
    done = subprocess.run(
        [sys.executable, "-c", code, root],
        capture_output=True,
        text=True,
        check=True,
        stdin=subprocess.DEVNULL,
    )
    assert done.stdout == "None None\n"


def test_beside_a_lab_that_runs_the_error_says_how_to_have_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    state = State()
    state.folder.mkdir()
    monkeypatch.setattr(Record, "alive", lambda _self: True)
    state.write(Record(False, 0.0))
    with pytest.raises(LabError, match="a lab is already running") as caught:
        Lab(state).refuse_if_running("drill")
    assert str(caught.value).endswith("or have another beside it: XDG_STATE_HOME=~/lab2 ./lab/drill")
    assert len(str(caught.value).splitlines()) == 2
