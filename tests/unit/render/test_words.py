# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A report's path in words: shares by family, the ports of what is cut off, runs of names."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.model.match import Match
from ansible_collections.pathguard.network.plugins.plugin_utils.model.rules import DROP, Rule
from ansible_collections.pathguard.network.plugins.plugin_utils.policy.read import load_policy
from ansible_collections.pathguard.network.plugins.plugin_utils.policy.validate import validate
from ansible_collections.pathguard.network.plugins.plugin_utils.render import words
from ansible_collections.pathguard.network.plugins.plugin_utils.render.formats import render
from tests.support.states import GROUPS, app_rule, app_rule6, forward, match, rule, small_lab

SERVICE: dict[str, Any] = {"protocol": "tcp", "ports": ["5432-5440"]}


def report(
    *drops: tuple[str, Match], accepts: Iterable[tuple[str, Match]] = (), **ends: Any
) -> dict[str, Any]:
    base = forward(*(accepts or (app_rule(port="5432-5440"), app_rule6())))
    base.rules[:0] = [Rule(1, matched, DROP, text, handle=80) for text, matched in drops]
    path = {"name": "p", "from": {"group": "app"}, "to": {"group": "db_primary"}, "service": SERVICE, **ends}
    states = small_lab(fw1=[base], ipv6=True)
    for name in ("db1", "db2"):
        rules = states[name].rulesets["inet/filter/input"].rules
        rules[2] = rule(3, "tcp dport 5432-5440 accept", match(proto="tcp", dport="5432-5440"))
    return validate(load_policy({"requiredPaths": [path]}), states, GROUPS)


def the_path(*drops: tuple[str, Match], **more: Any) -> dict[str, Any]:
    found: dict[str, Any] = report(*drops, **more)["paths"][0]
    return found


def cut(*drops: tuple[str, Match], **more: Any) -> list[str]:
    path = the_path(*drops, **more)
    part = words.bad_part(path)
    assert part is not None
    return [words.piece_text(piece) for piece in words.pieces(path, part)]


def test_a_family_that_is_cut_alone_is_told() -> None:
    path = the_path(accepts=[app_rule()], service="postgresql")
    assert path["share"]["families"] == {
        "ipv4": {"open": 10, "cut": 0, "unknown": 0, "total": 10},
        "ipv6": {"open": 0, "cut": 10, "unknown": 0, "total": 10},
    }
    assert path["share"]["hosts"]["open"] == 0
    assert words.short_share(path) == "IPv4 10 of 10, IPv6 0 of 10 pairs"
    assert words.share(path) == "0 of 10 app hosts, 10 of 20 pairs (IPv4 10 of 10, IPv6 0 of 10) open"


def test_a_service_of_which_a_part_is_open_nowhere_wholly() -> None:
    path = the_path(("tcp dport 5440 drop", match(dport=5440)))
    assert (path["status"], words.share(path)) == ("partial", "none wholly open")
    assert words.share(the_path(("drop", match()))) == "none open"


def test_families_that_fare_alike_are_told_together() -> None:
    path = the_path(accepts=[app_rule(), app_rule6()], service="postgresql")
    assert words.short_share(path) == "10 of 10 app hosts"
    assert words.by_family(path["share"]) == ""


@pytest.mark.parametrize(
    ("drop", "told"),
    [
        (match(proto="tcp", sport="1024-4999", src="10.10.1.5"), "tcp 5432-5440, source ports 1024-4999"),
        (match(proto="tcp", dport="5436-5440", src="10.10.1.5"), "tcp 5436-5440"),
        (match(proto="tcp", src="10.10.1.5"), "tcp 5432-5440"),
    ],
)
def test_ports_that_are_cut_alone_are_told(drop: Match, told: str) -> None:
    assert cut(("drop some", drop), families=["ipv4"]) == [f"10.10.1.5 -> 10.20.1.10, {told}"]


def test_parts_of_different_ports_are_told_apart() -> None:
    some = ("one", match(proto="tcp", sport="2000-2999", src="10.10.1.5"))
    other = ("other", match(proto="tcp", dport="5440", src="10.10.1.14"))
    assert sorted(cut(some, other, families=["ipv4"])) == [
        "10.10.1.14 -> 10.20.1.10, tcp 5440",
        "10.10.1.5 -> 10.20.1.10, tcp 5432-5440, source ports 2000-2999",
    ]


def test_families_are_told_together_and_nothing_is_made_up() -> None:
    both = cut(accepts=[], service="ssh")
    assert len(both) == 1
    assert both[0].startswith("10.10.1.5, ")
    assert both[0].endswith(" -> 10.20.1.10, fd00:20:1::10, tcp 22")
    halves = (
        ("one", match(proto="tcp", src="10.10.1.5", dst="10.20.1.10")),
        ("other", match(proto="tcp", src="10.10.1.14", dst="10.20.1.11")),
    )
    assert sorted(cut(*halves, families=["ipv4"], to={"group": "db"})) == [
        "10.10.1.14 -> 10.20.1.11, tcp 5432-5440",
        "10.10.1.5 -> 10.20.1.10, tcp 5432-5440",
    ]


def test_all_renderings_tell_the_source_ports() -> None:
    found = report(("some", match(proto="tcp", sport="1024-4999", src="10.10.1.5")), families=["ipv4"])
    for form in ("text", "markdown", "html", "sarif"):
        assert "source ports 1024-4999" in render(found, form)


def test_runs_of_names() -> None:
    names = ["app01", "app02", "app03", "app05", "db1", "db2", "web"]
    assert words.runs(names) == ["app01-app03", "app05", "db1", "db2", "web"]
    assert words.runs(["app9", "app10", "app11"]) == ["app9-app11"]


def test_a_change_tells_what_it_alone_costs() -> None:
    cause = {"hosts": ["app01", "app02", "app03"], "pairs": 3}
    assert words.cost({"remedy": [cause]}, cause) == ""
    assert words.cost({"remedy": [cause, cause]}, cause) == "; it costs app01-app03"
    assert words.cost({"remedy": [cause, cause]}, {"hosts": [], "pairs": 12}) == "; it costs 12 pairs"


def test_of_an_unknown_path_the_part_that_is_not_known_is_told() -> None:
    path = the_path(accepts=[app_rule(), app_rule6()], service="postgresql")
    path["status"] = "unknown"
    path["share"]["hosts"] = {"open": 9, "cut": 0, "unknown": 1, "total": 10}
    assert words.short_share(path) == "1 of 10 app hosts not known"
    path["share"]["hosts"] = None
    path["share"]["pairs"] = {"open": 0, "cut": 0, "unknown": 20, "total": 20}
    assert words.short_share(path) == "20 of 20 pairs not known"


def test_nearly_everything_is_told_by_what_it_leaves_out() -> None:
    other = ["0.0.0.0/5", "8.0.0.0/7", "10.0.0.0/16", "10.1.0.0-255.255.255.255"]
    assert words.shorter(other, 4) == other
    assert words.shorter(["0.0.0.0-10.10.0.255", "10.10.2.0-10.10.2.9", "10.10.2.10-255.255.255.255"], 2) == [
        "any IPv4 address but 10.10.1.0/24"
    ]
    assert words.shorter(["::/1", "8000::/1", "10.0.0.1"], 2)[0] == "10.0.0.1"
    assert words.shorter([f"2001:db8::{number:x}" for number in range(1, 9)], 3)[0] == "2001:db8::1"
    assert words.shorter(["::/1", "8000::/2", "c000::/2"], 2) == ["any IPv6 address"]
    scattered = [f"10.10.1.{number}" for number in range(1, 250, 3)]
    assert words.shorter(scattered, 6) == scattered
    assert words.shorter(["any", "all", "whatever"], 2) == ["any", "all", "whatever"]


def test_a_command_is_never_cut() -> None:
    found = report(("tcp dport 5432 drop", match(proto="tcp", dport="5432")))
    command = "nft delete rule inet filter forward handle 80 " + "x" * 300
    found["paths"][0]["remedy"] = [
        {
            "host": "fw1",
            "chain": "inet/filter/forward",
            "ruleset": "inet/filter/forward",
            "action": "remove",
            "before": None,
            "now": {"text": "tcp dport 5432 drop", "handle": 80, "line": None, "position": 1},
            "note": "the rule was added",
            "commands": [command],
            "change": "added",
            "pairs": 1,
            "hosts": [],
        }
    ]
    assert f"          put it back: {command}" in render(found).splitlines()
