# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documents that cross a boundary fit their schemas."""

from __future__ import annotations

import json

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.model.match import (
    ALWAYS,
    Fib,
    Masked,
    Member,
    Not,
    Unknown,
    both,
)
from ansible_collections.pathguard.network.plugins.plugin_utils.model.rules import (
    ACCEPT,
    DROP,
    Effect,
    Rule,
    Verdict,
    VerdictMap,
)
from ansible_collections.pathguard.network.plugins.plugin_utils.model.state import NamedSet, RouteRule, State
from ansible_collections.pathguard.network.plugins.plugin_utils.policy.schemas import (
    load_schema,
    problems,
    registry,
)
from tests.support.states import match, ruleset, small_lab


def full_state() -> State:
    """A state that uses every kind of thing that a state may hold."""
    state = small_lab(ipv6=True)["fw1"]
    cases = ((match(dport=22), ACCEPT), (match(dport="80-90"), Verdict("jump", "inet/filter/web", "x")))
    rules = [
        Rule(
            1,
            both(Member("inet/filter/s", ("src",)), Not(match(iif="app0"))),
            DROP,
            "one",
            handle=4,
            comment="c",
        ),
        Rule(
            2,
            Masked("src", 1, 255, 4),
            VerdictMap(cases),
            "two",
            (Effect("set", "mark", 7), Effect("dnat", family=4, address=(1, 1), port=(2, 2))),
            line=3,
        ),
        Rule(
            3,
            Unknown("limit", "a rate limit"),
            Verdict("unknown", detail="queue"),
            "three",
            not_understood=("limit",),
        ),
        Rule(4, ALWAYS, ACCEPT, "four"),
        Rule(5, Fib("src", ("in0", ""), by="in_interface", mark=True, hook="prerouting"), DROP, "five"),
    ]
    state.rulesets["inet/filter/x"] = ruleset("inet/filter/x", "input", "permit", rules)
    state.sets["inet/filter/s"] = NamedSet(
        "inet/filter/s", ("address4", "port"), [((1, 9), (22, 22))], expiring=[0]
    )
    state.sets["inet/filter/v"] = NamedSet("inet/filter/v", ("name",), [("eth0",)], verdicts=[ACCEPT])
    state.route_rules = [
        RouteRule(4, 0, "local"),
        RouteRule(4, 9, "main", mark="0x1/0xff", not_understood=["uidrange"]),
    ]
    state.not_understood = [{"where": "inet/filter/x", "text": "three", "reason": "limit"}]
    state.unreadable = [{"what": "ipset", "reason": "no permission"}]
    state.fingerprint = {"static": "0" * 64}
    return state


def test_a_state_fits_its_schema_and_comes_back() -> None:
    document = json.loads(json.dumps(full_state().to_dict()))
    assert problems(document, load_schema("state")) == []
    assert State.from_dict(document).to_dict() == document


@pytest.mark.parametrize("key", sorted(load_schema("state")["required"]))
def test_a_state_without_a_part_does_not_fit(key: str) -> None:
    document = full_state().to_dict()
    del document[key]
    assert [where for where, _message in problems(document, load_schema("state"))] == ["$"]


def test_an_unknown_part_does_not_fit() -> None:
    document = full_state().to_dict()
    document["rulesets"]["inet/filter/x"]["rules"][0]["matches"] = {}
    found = problems(document, load_schema("state"))
    assert found
    assert "matches" in found[0][1]


def test_every_schema_is_valid_and_none_is_fetched() -> None:
    import jsonschema
    import referencing.exceptions

    for name in ("state", "snapshot", "path-policy", "report"):
        schema = load_schema(name)
        jsonschema.Draft202012Validator.check_schema(schema)
        assert registry().get_or_retrieve(schema["$id"]).value.contents == schema
    with pytest.raises(referencing.exceptions.NoSuchResource):
        registry().get_or_retrieve("https://example.org/schema.json")


def test_a_snapshot_fits_its_schema() -> None:
    raw = [{"name": "nft_json", "command": "nft -j list ruleset", "rc": 0, "stdout": "", "stderr": ""}]
    snapshot = {
        "format": 1,
        "host": "fw1",
        "platform": "linux",
        "gathered_at": "2026-11-22T10:00:00+00:00",
        "run_id": None,
        "state": full_state().to_dict(),
        "raw": raw,
    }
    assert problems(snapshot, load_schema("snapshot")) == []
    snapshot["state"]["format"] = 2
    assert problems(snapshot, load_schema("snapshot"))[0][0] == "$.state.format"
