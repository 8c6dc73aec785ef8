# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Laws of the change report over random changes of random rules, translations among them.

A path that no change touches comes to the same sets of flows as before; one that got worse has a violation somewhere.
"""

from __future__ import annotations

import datetime
from random import Random
from typing import Any

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.model.rules import (
    ACCEPT,
    DROP,
    Effect,
    Rule,
    Ruleset,
    Verdict,
)
from ansible_collections.pathguard.network.plugins.plugin_utils.model.state import State
from ansible_collections.pathguard.network.plugins.plugin_utils.policy.read import load_policy
from ansible_collections.pathguard.network.plugins.plugin_utils.policy.validate import validate
from tests.support.states import GROUPS, match, rule, ruleset, small_lab
from tests.unit.policy.test_changes import POLICY

PLACES = (
    ("fw1", "prerouting"), ("fw1", "input"), ("fw1", "forward"), ("fw1", "output"), ("fw1", "postrouting"),
    ("db1", "input"), ("db1", "output"), ("db2", "input"), ("app01", "output"), ("app10", "input"),
)  # fmt: skip
SOURCES = ("10.10.1.0/24", "10.10.1.64/26", "10.10.1.200", "10.20.1.0/24", "192.0.2.0/24")
TARGETS = ("10.20.1.10", "10.20.1.11", "10.20.1.0/24", "10.10.1.0/24", "198.51.100.0/24")


def rules(draw: Random) -> list[Rule]:
    found = []
    for position in range(1, draw.randrange(2, 7)):
        asked: dict[str, Any] = {}
        if draw.random() < 0.7:
            asked["src"] = draw.choice(SOURCES)
        if draw.random() < 0.6:
            asked["dst"] = draw.choice(TARGETS)
        if draw.random() < 0.5:
            asked |= {"proto": "tcp", "dport": draw.choice((5432, 22, 443, "1-1023", "1024-65535"))}
        elif draw.random() < 0.3:
            asked["ct"] = draw.choice(("established", "new", "related"))
        verdict = draw.choice((ACCEPT, ACCEPT, DROP, Verdict("return")))
        found.append(rule(position, f"{sorted(asked.items())} {verdict.kind}", match(**asked), verdict))
    return found


def translation(draw: Random) -> Ruleset:
    to = Effect("snat", family=4, address=(0x0A140101, 0x0A140101))
    snat = [Rule(1, match(src=draw.choice(SOURCES[:2])), ACCEPT, "snat", (to,))]
    return ruleset("ip/nat/post", "postrouting", "permit", snat, type="nat", priority=100)


def states(draw: Random, before: dict[str, State] | None = None) -> dict[str, State]:
    """The lab with random rules here and there; most of those of ``before`` stay."""
    found = small_lab()
    for host, hook in PLACES:
        key = f"inet/random/{hook}"
        if before is not None and draw.random() < 0.8:
            if key in before[host].rulesets:
                found[host].rulesets[key] = before[host].rulesets[key]
        elif draw.random() < 0.35:
            default = draw.choice(("permit", "permit", "deny"))
            found[host].rulesets[key] = ruleset(
                key, hook, default, rules(draw), priority=draw.choice((-5, 5))
            )
    if draw.random() < 0.3:
        found["fw1"].rulesets["ip/nat/post"] = translation(draw)
    return found


def check(seed: int) -> None:
    draw = Random(seed)
    before = states(draw)
    after = states(draw, before)
    report = validate(load_policy(POLICY), after, GROUPS, before, today=datetime.date(2026, 11, 23))
    found = report["changes"]
    assert set(found["fares_otherwise"]) <= set(found["touches"]), seed
    required = {path["name"] for path in report["paths"] if path["kind"] == "required"}
    assert found["touches_no_required_path"] == (not required & set(found["touches"])), seed
    classes = {name for entry in found["entries"] for name in entry["flows"]}
    for path in report["paths"]:
        if path["before"]["satisfied"] == "yes" and path["satisfied"] != "yes":
            assert "violations" in classes, (seed, path["name"])
        if path["before"]["status"] != path["status"] or path["before"]["share"] != path["share"]:
            assert path["name"] in found["touches"], (seed, path["name"])


@pytest.mark.parametrize("seed", range(6))
def test_some_changes(seed: int) -> None:
    check(seed)


@pytest.mark.long
@pytest.mark.timeout(900)
@pytest.mark.parametrize("chunk", range(10))
def test_many_changes(chunk: int) -> None:
    for seed in range(1000 + chunk * 40, 1040 + chunk * 40):
        check(seed)
