# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which fault is drilled, which answers are right, and what the trainee is told."""

from __future__ import annotations

from typing import Any

import pytest

from lab.pathguard_lab.drill.answer import judge
from lab.pathguard_lab.drill.catalogue import Fault, chosen, faults
from lab.pathguard_lab.drill.cli import pick
from lab.pathguard_lab.drill.scene import Diagnosis
from lab.pathguard_lab.drill.session import GAVE_UP, LEFT, OPEN, SOLVED, Session, minutes
from lab.pathguard_lab.drill.unattended import judged, row, summary
from lab.pathguard_lab.errors import LabError

NOW = "ip saddr 10.10.1.0/26 ip daddr { 10.20.1.10, 10.20.1.11 } tcp dport 5432 counter accept"
BEFORE = NOW.replace("/26", "/24")
CAUSE: dict[str, Any] = {
    "host": "fw1",
    "what": "fw1, table inet filter, chain forward, handle 18: the rule was changed",
    "place": "fw1, table inet filter, chain forward",
    "rule": {"handle": 18, "line": None, "text": NOW},
    "now": NOW,
    "before": BEFORE,
    "firewall": True,
    "confidence": "certain",
    "evidence": ["probes: 9 of 9 new connections of these failed"],
    "when": ["/etc/nftables.conf was written a minute ago"],
    "commands": ["nft replace rule inet filter forward handle 18 'ip saddr 10.10.1.0/24 ...'"],
}


def fault(name: str) -> Fault:
    [found] = [one for one in faults() if one.id == name]
    return found


def told(
    *causes: dict[str, Any], notes: tuple[str, ...] = (), code: int = 0, seconds: float = 8.0, boot: str = ""
) -> Diagnosis:
    kind = "nothing" if boot else "firewall"
    document = {
        "verdict": {"kind": kind, "text": "It is the firewall: fw1"},
        "causes": list(causes),
        "notes": list(notes),
    }
    message = "what boot would load is not what runs: /etc/nftables.conf"
    findings = [{"kind": "boot", "message": message, "host": boot}, {"kind": "x", "message": message}]
    return Diagnosis(code, "line one\nline two\n", document if code == 0 else {}, seconds, findings)


@pytest.mark.parametrize(
    ("words", "ids"),
    [
        ("03a", ["03a"]),
        ("3a", ["03a"]),
        ("3", ["03a", "03b"]),
        ("03b, 1", ["03b", "01"]),
        ("the route is gone", ["27"]),
        ("legacy", ["23"]),
    ],
)
def test_a_fault_is_named_by_id_number_or_words(words: str, ids: list[str]) -> None:
    assert [one.id for one in chosen(words)] == ids


def test_all_are_all() -> None:
    assert chosen("all") == faults()
    assert len(faults()) == 42


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("ipsett", "did you mean 07b (a member dropped from an ipset)?"),
        ("xyzzy", "what to do: lab/drill --list shows all 42"),
        (" , ", "no fault is named"),
    ],
)
def test_a_fault_that_is_not_there(words: str, says: str) -> None:
    with pytest.raises(LabError) as error:
        chosen(words)
    assert says in str(error.value)


def test_a_seed_gives_the_same_fault_again() -> None:
    first, seed = pick(None, None)
    assert seed is not None
    assert pick(None, seed) == (first, seed)
    assert len({pick(None, number)[0].id for number in range(12)}) > 5


def test_a_named_fault_needs_no_seed_but_several_forms_do() -> None:
    assert pick("03a", None) == (fault("03a"), None)
    found, seed = pick("3", None)
    assert found.id in ("03a", "03b")
    assert pick("3", seed) == (found, seed)


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("IP saddr '10.10.1.0/26'", True),  # the catalogue's piece, however it is quoted
        ("the mask is /26", True),
        ("handle 18", True),
        ("rule #18", True),
        ("handle 17", False),
        (NOW, True),
        ("tcp dport 5432 counter accept", True),  # four words of the rule in a row
        ("tcp dport 5432", False),
        (BEFORE, True),
        ("10.10.1.0/24", False),
        ("a rule", False),
        ("drop", False),
    ],
)
def test_the_rule_in_its_own_words(text: str, right: bool) -> None:
    assert judge(fault("03a"), CAUSE, "fw1", text).right is right


def test_host_and_cause_are_judged_apart() -> None:
    found = judge(fault("03a"), None, "fw2", "mask /26")
    assert (found.host, found.cause, found.right) == (False, True, False)


@pytest.mark.parametrize("one", faults(), ids=lambda one: one.id)
def test_each_fault_can_be_told_and_no_phrase_fits_all(one: Fault) -> None:
    host = one.hosts[0]
    assert judge(one, None, host, one.cause).right
    assert one.said
    for way in one.said:
        assert judge(one, None, host, f"it is {way}, I think").right, way
    for text in ("the firewall", "a drop", "destination unreachable", "connections fail", "5432"):
        assert not judge(one, None, host, text).right, text


@pytest.mark.parametrize("one", faults(), ids=lambda one: one.id)
def test_what_users_tell_does_not_name_the_cause(one: Fault) -> None:
    assert one.cause not in one.symptom
    assert not judge(one, None, one.hosts[0], one.symptom).right, one.symptom


def session(name: str = "03a", diagnosis: Diagnosis | None = None, times: tuple[float, ...] = ()) -> Session:
    clock = iter((0.0, *times, *(99.0 for _unused in range(50))))
    return Session(fault(name), ["9 of 40 time out."], diagnosis or told(CAUSE), lambda: next(clock))


def test_the_right_answer_stops_the_clock_and_tells_the_evidence() -> None:
    one = session(times=(10.0, 75.0))
    one.begin()
    said = one.do(["answer", "fw1", "mask", "/26"])
    assert said.startswith("RIGHT, after 1 min 5 s.")
    for piece in (
        NOW,
        BEFORE,
        "9 of 9 new connections",
        "put it back: on fw1: nft replace rule",
        "written a minute ago",
    ):
        assert piece in said
    assert (one.outcome, one.seconds, one.wrong) == (SOLVED, 65.0, 0)
    assert "over" in one.do(["answer", "fw2", "x"])
    assert (one.outcome, one.seconds, one.wrong) == (SOLVED, 65.0, 0)


@pytest.mark.parametrize(
    ("words", "says", "wrong"),
    [
        (["answer", "fw1", "the default policy"], "fw1 is the right place, but", 1),
        (["answer", "fw2", "mask /26"], "right about what it is, but it is not on fw2", 1),
        (["answer", "fw2", "nat"], "not on fw2", 1),
        (["answer", "fw9", "nat"], "did you mean fw2", 0),
        (["answer", "fw1"], "An answer names the host", 0),
        (["answer"], "An answer names the host", 0),
        (["anwser"], "commands: ", 0),
        ([], "commands: ", 0),
    ],
)
def test_what_is_not_right_goes_on(words: list[str], says: str, wrong: int) -> None:
    one = session()
    assert says in one.do(words)
    assert (one.outcome, one.wrong) == (OPEN, wrong)


def test_hints_are_counted_and_end() -> None:
    one = session()
    hints = [one.do(["hint"]) for _unused in range(5)]
    assert "30 % of the users" in hints[0]
    assert "pathguard.network.diagnose -e path_diagnose_policy=policy.yml" in hints[1]
    assert "look at fw1" in hints[3]
    assert hints[4].startswith("There are no more")
    assert one.hints == 4


def test_giving_up_and_leaving() -> None:
    one = session()
    assert "The solution: mask /24 becomes /26" in one.do(["giveup"])
    one.left()
    assert one.outcome == GAVE_UP
    other = session()
    other.left()
    assert other.outcome == LEFT


def test_where_the_diagnosis_names_nothing_the_catalogue_does() -> None:
    one = session("26", told())
    assert "db1: listens on tcp 5432 only on loopback" in one.solution()
    assert "No firewall rule does this" in one.solution()


def test_a_router_stands_where_fw1_was() -> None:
    one = session("03b")
    assert "r1" in one.hosts
    assert "There is no host 'fw1'" in one.do(["answer", "fw1", "0.0.0.63"])
    assert one.do(["answer", "r1", "0.0.0.63"]).startswith("RIGHT")


def test_minutes() -> None:
    assert [minutes(seconds) for seconds in (0.4, 59.6, 61)] == ["0 s", "1 min 0 s", "1 min 1 s"]


@pytest.mark.parametrize(
    ("name", "diagnosis", "found", "how"),
    [
        ("03a", told(CAUSE), True, "cause, certain"),
        ("03a", told({**CAUSE, "host": "fw2"}), False, "'ip saddr 10.10.1.0/26' is not named"),
        ("03a", told({**CAUSE, "firewall": False}), False, "told as not the firewall"),
        ("03a", told(), False, "is not named"),
        ("03a", told(code=2), False, "the play failed: line one line two"),
        ("03a", told(notes=("fw1 would load ip saddr 10.10.1.0/26",)), True, "note"),
        ("03a", told(notes=("fw2 would load ip saddr 10.10.1.0/26",)), False, "is not named"),
        (
            "21a",
            told(boot="fw1"),
            True,
            "finding of its proof (what boot would load is not what runs: /etc/nftables",
        ),
        ("21a", told(boot="fw2"), False, "is not named"),
    ],
)
def test_a_diagnosis_is_judged_by_the_catalogue(
    name: str, diagnosis: Diagnosis, found: bool, how: str
) -> None:
    result = judged(fault(name), diagnosis)
    assert result.found is found
    assert how in result.how


def test_a_diagnosis_that_takes_longer_than_a_minute_is_late() -> None:
    late = judged(fault("03a"), told(CAUSE, seconds=60.5))
    good = judged(fault("03a"), told(CAUSE, seconds=59.5))
    assert (late.good, good.good) == (False, True)
    assert "LATE" in row(late)
    assert summary([good, late]) == (
        "1 of 2 faults found, each in less than 60 s (the slowest took 60 s); not: 03a"
    )


def test_a_finding_beside_a_verdict_that_leads_elsewhere_is_none() -> None:
    found = told(boot="fw1")
    found.document["verdict"]["kind"] = "unknown"
    assert not judged(fault("21a"), found).found
