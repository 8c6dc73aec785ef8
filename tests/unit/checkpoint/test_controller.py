# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The controller's side: the program that is sent, answers that are none, and all or nothing."""

from __future__ import annotations

import ast
import base64
import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.checkpoint import bundle, control, run
from ansible_collections.pathguard.network.plugins.plugin_utils.checkpoint.driver import LinuxDriver
from ansible_collections.pathguard.network.plugins.plugin_utils.checkpoint.status import HeldError
from ansible_collections.pathguard.network.plugins.plugin_utils.errors import (
    CheckpointError,
    GatherError,
    PathGuardError,
)
from ansible_collections.pathguard.network.plugins.plugin_utils.gather.access import HostAccess
from ansible_collections.pathguard.network.plugins.plugin_utils.gather.channel import Reply


def test_the_agent_is_one_program_for_python_3_8() -> None:
    ast.parse(bundle.agent_source(), feature_version=(3, 8))
    done = subprocess.run(
        [sys.executable, "-I", "-", "nonsense"],
        input=bundle.agent_source(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("usage: ")


def test_no_name_has_two_meanings_in_the_joined_program() -> None:
    seen: dict[str, str] = {}
    for name in bundle.MODULES:
        for node in ast.parse((bundle._FOLDER / f"{name}.py").read_text(encoding="utf-8")).body:
            targets = [target for target in getattr(node, "targets", []) if isinstance(target, ast.Name)]
            for defined in [getattr(node, "name", None), *(target.id for target in targets)]:
                if defined:
                    assert seen.setdefault(defined, name) == name, (
                        f"{defined} is in {seen[defined]} and {name}"
                    )
    assert {"arm", "guard", "put_back"} <= set(seen)


def test_every_module_of_the_agent_is_joined_behind_what_it_uses() -> None:
    files = {path.stem for path in bundle._FOLDER.glob("*.py")} - {"__init__"}
    assert files == set(bundle.MODULES)
    for place, name in enumerate(bundle.MODULES):
        for node in ast.parse((bundle._FOLDER / f"{name}.py").read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ImportFrom) and node.level:
                assert node.module in bundle.MODULES[:place], f"{name} uses {node.module}"


class Canned:
    """A channel that answers with what it is given."""

    host = "fw1"

    def __init__(self, reply: Reply) -> None:
        self.reply = reply
        self.command = ""

    def run(
        self, command: str, *, stdin: str | None = None, become: bool = False, timeout: float | None = None
    ) -> Reply:
        assert become
        assert stdin == bundle.agent_source()
        self.command = command
        return self.reply

    def close(self) -> None:
        """Nothing to close."""


def test_a_request_is_sent_and_its_answer_read() -> None:
    channel = Canned(
        Reply(0, 'a banner\n{"checkpoint": {"state": "armed", "id": "r", "remaining": 3}}\n', "")
    )
    found = control.renew(channel, "r", 3, python="/opt/my python")
    assert (found.state, found.remaining, found.held) == ("armed", 3, True)
    assert channel.command.startswith("'/opt/my python' -I -c ")
    request = json.loads(base64.b64decode(channel.command.split()[-1]))
    assert (request["do"], request["id"], request["timeout"]) == ("renew", "r", 3)


NO_ANSWER = {
    "no python": Reply(127, "", "sh: python3: not found"),
    "half an answer": Reply(0, '{"checkpoint": {"state": "ar', ""),
    "another document": Reply(0, "[1, 2]", ""),
    "no status known": Reply(None, "", ""),
    "an unknown state": Reply(0, '{"checkpoint": {"state": "wonderful"}}', ""),
}


@pytest.mark.parametrize("case", NO_ANSWER)
def test_what_is_no_answer_is_one_clear_error(case: str) -> None:
    with pytest.raises(CheckpointError) as caught:
        control.status(Canned(NO_ANSWER[case]))
    assert "fw1" in str(caught.value)
    assert len(str(caught.value).splitlines()) <= 5


AFTER = {
    "arm": "armed",
    "hold": "armed",
    "confirm": "confirmed",
    "release": "none",
    "restore": "restored",
    "absent": "none",
}
ALLOWED = {
    "arm": ("none",),
    "hold": ("armed",),
    "confirm": ("armed",),
    "release": ("confirmed",),
    "restore": ("armed", "confirmed", "fired", "restored"),
    "absent": ("armed",),
}


class Book:
    """Hosts that keep a state each; ``lost`` says which verbs of which host get no answer."""

    def __init__(self, states: dict[str, str], lost: Mapping[str, Sequence[str]] | None = None) -> None:
        self.states = states
        self.lost = dict(lost or {})
        self.asked: list[tuple[str, str]] = []

    def each(self, names: Sequence[str], ask: run.Ask) -> dict[str, run.Answer]:
        answers: dict[str, run.Answer] = {}
        for name in names:
            try:
                answers[name] = ask(_Host(name, self), LinuxDriver("python3"))
            except PathGuardError as error:
                answers[name] = error
        return answers


class _Host:
    def __init__(self, host: str, book: Book) -> None:
        self.host, self.book = host, book

    def run(
        self, command: str, *, stdin: str | None = None, become: bool = False, timeout: float | None = None
    ) -> Reply:
        verb = json.loads(base64.b64decode(command.split()[-1]))["do"]
        self.book.asked.append((self.host, verb))
        if verb in self.book.lost.get(self.host, ()):
            raise GatherError("connection lost", self.host, "")
        state = self.book.states[self.host]
        answer: dict[str, Any] = {"checkpoint": {"state": state}}
        if state in ALLOWED[verb]:
            after = "fired" if (state, verb) == ("fired", "restore") else AFTER[verb]
            self.book.states[self.host] = after
            answer = {
                "checkpoint": {"state": after, "proven": verb == "restore" or None, "newly_armed": True}
            }
        else:
            answer["error"] = {"what": f"it is {state}", "todo": "nothing"}
        return Reply(0, json.dumps(answer), "")

    def close(self) -> None:
        """Nothing to close."""


# states before; verbs that are lost; decision; states after
CONFIRMING: dict[str, tuple[dict[str, str], dict[str, Sequence[str]], str, dict[str, str]]] = {
    "all": ({"a": "armed", "b": "armed"}, {}, "confirmed", {"a": "none", "b": "none"}),
    "one fired before": (
        {"a": "armed", "b": "fired"},
        {},
        "restored",
        {"a": "restored", "b": "fired"},
    ),
    "one was never armed": (
        {"a": "armed", "b": "none"},
        {},
        "unproven",
        {"a": "restored", "b": "none"},
    ),
    "one is lost before": (
        {"a": "armed", "b": "armed"},
        {"b": ["hold", "restore"]},
        "unproven",
        {"a": "restored", "b": "armed"},
    ),
    "one is lost while the other is confirmed": (
        {"a": "armed", "b": "armed"},
        {"b": ["confirm"]},
        "restored",
        {"a": "restored", "b": "restored"},
    ),
    "one is lost at the release": (
        {"a": "armed", "b": "armed"},
        {"b": ["release"]},
        "confirmed",
        {"a": "none", "b": "confirmed"},
    ),
}


@pytest.mark.parametrize("case", CONFIRMING)
def test_all_are_confirmed_or_all_are_restored(case: str) -> None:
    states, lost, decision, after = CONFIRMING[case]
    book = Book(dict(states), lost)
    outcome = run.confirm_all(book.each, list(states), "r")
    assert outcome.decision == decision
    assert book.states == after
    assert bool(outcome.messages) == (case != "all")
    confirmed_first = (
        [verb for _host, verb in book.asked].index("confirm") if ("a", "confirm") in book.asked else 0
    )
    assert all(verb == "hold" for _host, verb in book.asked[:confirmed_first]), "no confirm before every hold"


def test_a_lost_host_is_asked_twice_to_restore() -> None:
    book = Book({"a": "armed"}, {"a": ["restore"]})
    outcome = run.restore_all(book.each, ["a"], "r")
    assert book.asked == [("a", "restore")] * 2
    assert outcome.decision == "unproven"
    assert "its own timer puts it back" in outcome.messages[0]


def test_all_are_armed_or_none() -> None:
    book = Book({"a": "none", "b": "armed", "c": "none"}, {"c": ["arm"]})
    outcome = run.arm_all(book.each, ["a", "b", "c"], "r")
    assert outcome.decision == "refused"
    assert book.states["a"] == "none"
    assert ("c", "absent") in book.asked, "its answer was lost: it may be armed"
    assert ("b", "absent") not in book.asked, "it refused: it is somebody else's"


def test_platforms_without_a_checkpoint_are_told_apart() -> None:
    hosts = [HostAccess("fw1", "192.0.2.1"), HostAccess("sw1", "192.0.2.2", platform="cisco_asa")]
    assert run.protectable(hosts) == (["fw1"], ["sw1"])


def held_by(run_id: str, remaining: float = 57.4) -> HeldError:
    channel = Canned(
        Reply(
            1,
            json.dumps(
                {
                    "checkpoint": {"state": "none"},
                    "error": {
                        "what": "this host's checkpoint is armed for somebody",
                        "todo": "wait",
                        "held": {
                            "id": run_id,
                            "user": "eve",
                            "controller": "laptop",
                            "since": "2026-11-22T12:00:00Z",
                            "remaining": remaining,
                            "state": "armed",
                        },
                    },
                }
            ),
            "",
        )
    )
    with pytest.raises(HeldError) as caught:
        control.arm(channel, "r")
    return caught.value


def test_who_holds_a_host_is_read() -> None:
    holder = held_by("other").holder
    assert (holder.run, holder.since, holder.remaining, holder.state) == (
        "run other of eve on laptop",
        "2026-11-22T12:00:00Z",
        57.4,
        "armed",
    )


def test_hosts_that_one_run_holds_are_one_line() -> None:
    """Not a line for each host: a run that holds hundreds is one thing that is in the way."""
    refused: dict[str, PathGuardError] = {f"fw{number}": held_by("other") for number in range(1, 15)}
    refused["db1"] = held_by("third", 0.0)
    assert run.holders(refused) == [
        "run other of eve on laptop holds fw1, fw2, fw3 and 11 more (armed) since 2026-11-22T12:00:00Z, 57 s left",
        "run third of eve on laptop holds db1 (armed) since 2026-11-22T12:00:00Z",
    ]


def test_hosts_that_refuse_for_the_same_reason_are_one_line() -> None:
    def each(names: Sequence[str], _ask: run.Ask) -> dict[str, run.Answer]:
        return {name: CheckpointError("only root may", name, "become") for name in names}

    outcome = run.arm_all(each, ["a", "b", "c", "d"], "r")
    assert outcome.messages == ["a, b, c and 1 more: only root may"]
    assert outcome.held is False
