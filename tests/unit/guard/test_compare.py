# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Paths before and after: what is worse, and what merely looks different."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.guard.compare import PathView, compare
from ansible_collections.pathguard.network.plugins.plugin_utils.policy.expected import Expected

STATUS = {"yes": "open", "no": "partial", "unknown": "unknown"}


def piece(*sources: str) -> dict[str, Any]:
    return {"src": list(sources), "dst": ["10.2.0.1"], "protocol": ["tcp"], "dst_port": ["5432"]}


def view(
    satisfied: str, bad: list[dict[str, Any]] | None = None, unknown: list[dict[str, Any]] | None = None
) -> PathView:
    return PathView("p", "required", STATUS[satisfied], satisfied, "", bad or [], unknown or [])


def what(before: PathView, after: PathView, expected: Expected | None = None) -> tuple[str, bool]:
    change = compare([before], [after], expected)[0]
    return change.what, change.fails


@pytest.mark.parametrize(
    ("before", "after", "answer", "fails"),
    [
        ("yes", "yes", "same", False),
        ("yes", "no", "newly violated", True),
        ("yes", "unknown", "newly unknown", True),
        ("no", "yes", "better", False),
        ("no", "unknown", "newly unknown", True),
        ("unknown", "yes", "better", False),
        ("unknown", "no", "newly violated", True),
    ],
)
def test_what_was_and_what_is(before: str, after: str, answer: str, fails: bool) -> None:
    assert what(view(before), view(after)) == (answer, fails)


def test_an_accepted_violation_may_stay_as_it_was() -> None:
    cut = [piece("10.1.0.128/25")]
    assert what(view("no", cut), view("no", cut)) == ("same", False)


def test_an_accepted_violation_may_not_grow() -> None:
    assert what(view("no", [piece("10.1.0.128/25")]), view("no", [piece("10.1.0.0/24")])) == ("worse", True)


def test_the_same_size_elsewhere_is_worse() -> None:
    """Counting would not see it."""
    assert what(view("no", [piece("10.1.0.128/25")]), view("no", [piece("10.1.0.0/25")])) == ("worse", True)


def test_the_same_flows_in_other_pieces_are_the_same() -> None:
    halves = [piece("10.1.0.0/25"), piece("10.1.0.128/25")]
    assert what(view("no", [piece("10.1.0.0/24")]), view("no", halves)) == ("same", False)


def test_a_smaller_violation_is_better() -> None:
    assert what(view("no", [piece("10.1.0.0/24")]), view("no", [piece("10.1.0.0/25")])) == ("better", False)


def test_an_unknown_as_before_does_not_fail() -> None:
    part = [piece("10.1.0.9")]
    assert what(view("unknown", unknown=part), view("unknown", unknown=part)) == ("same", False)


def test_an_unknown_that_grows_fails() -> None:
    before, after = (
        view("unknown", unknown=[piece("10.1.0.9")]),
        view("unknown", unknown=[piece("10.1.0.8/31")]),
    )
    assert what(before, after) == ("newly unknown", True)


def test_an_expected_change_is_told_and_does_not_fail() -> None:
    named = Expected(frozenset({"p"}))
    assert what(view("yes"), view("no", [piece("10.1.0.9")]), named) == ("expected", False)
    assert what(view("yes"), view("yes"), named) == ("same", False)


@pytest.mark.parametrize(
    ("flow", "host", "answer"),
    [
        ({"src": "10.1.0.8/31"}, "", "expected"),
        ({"src": "10.1.0.8/31", "protocol": "tcp", "dst_port": 5432}, "", "expected"),
        ({"src": "10.1.0.8"}, "", "newly violated"),
        ({"src": "10.1.0.8/31"}, "fw1", "expected"),
        ({"src": "10.1.0.8/31"}, "fw2", "newly violated"),
    ],
)
def test_a_path_that_gets_worse_within_expected_flows_alone_does_not_fail(
    flow: dict[str, Any], host: str, answer: str
) -> None:
    """For a flow of one host, that host must be the one that decides."""
    lost = piece("10.1.0.9")
    after = replace(view("no", [lost]), deciding=[{"host": "fw1", "flows": [lost]}])
    assert what(view("yes"), after, Expected(flows=((host, flow),))) == (answer, answer != "expected")


def test_expected_flows_don_t_hide_that_what_is_too_big_hangs() -> None:
    after = replace(view("yes"), too_big=[piece("10.1.0.9")])
    assert what(view("yes"), after, Expected(flows=(("", {"src": "10.1.0.9"}),))) == ("worse", True)
