# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a path assumes settles conditions that are unknown without, for that path alone, and is told."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.errors import PolicyError
from ansible_collections.pathguard.network.plugins.plugin_utils.model.assumptions import (
    RATE_LIMITS_NOT_EXCEEDED,
)
from ansible_collections.pathguard.network.plugins.plugin_utils.model.match import Not, Unknown, both
from ansible_collections.pathguard.network.plugins.plugin_utils.model.rules import ACCEPT, DROP, Rule
from ansible_collections.pathguard.network.plugins.plugin_utils.model.state import State
from ansible_collections.pathguard.network.plugins.plugin_utils.parse import parse_platform
from ansible_collections.pathguard.network.plugins.plugin_utils.policy.paths import ASSUMPTIONS
from ansible_collections.pathguard.network.plugins.plugin_utils.policy.read import load_policy
from ansible_collections.pathguard.network.plugins.plugin_utils.policy.validate import validate
from tests.support.fuzz_seeds import FACTS, outputs
from tests.support.states import GROUPS, match, ruleset, small_lab, stateful

PRIMARY = {"name": "p", "from": {"group": "app"}, "to": {"group": "db_primary"}, "service": "postgresql"}
ASSUMED = {**PRIMARY, "name": "assumed", "assume": [RATE_LIMITS_NOT_EXCEEDED]}
POSTGRESQL = match(proto="tcp", dport=5432)
UP_TO = Unknown("up to", "limit rate 10/second depends on earlier packets", RATE_LIMITS_NOT_EXCEEDED, True)
OVER = Unknown("over", "limit rate over 10/second: depends", RATE_LIMITS_NOT_EXCEEDED, False)
OTHER = Unknown("other", "-m time is not modelled")


def proven(states: dict[str, State], *paths: dict[str, Any], kind: str = "required") -> dict[str, Any]:
    return validate(load_policy({f"{kind}Paths": list(paths)}), states, GROUPS)


def lab(*rules: Rule) -> dict[str, State]:
    return small_lab(fw1=[ruleset("inet/filter/forward", "forward", "deny", [*stateful(), *rules])])


def statuses(report: dict[str, Any]) -> list[str]:
    return [entry["status"] for entry in report["paths"]]


ACCEPTED = Rule(5, POSTGRESQL, ACCEPT, "tcp dport 5432 accept")


@pytest.mark.parametrize(
    ("rules", "wanted"),
    [
        ([Rule(4, both(POSTGRESQL, UP_TO), ACCEPT, "accepts up to")], "open"),
        ([Rule(4, both(POSTGRESQL, OVER), DROP, "drops beyond"), ACCEPTED], "open"),
        ([Rule(4, both(POSTGRESQL, Not(UP_TO)), DROP, "drops beyond"), ACCEPTED], "open"),
        ([Rule(4, both(POSTGRESQL, UP_TO), DROP, "drops up to"), ACCEPTED], "blocked"),
        ([Rule(4, both(POSTGRESQL, OVER), ACCEPT, "accepts beyond")], "blocked"),
        ([Rule(4, both(POSTGRESQL, UP_TO, OTHER), ACCEPT, "asks for more")], "unknown"),
    ],
)
def test_fault_24_a_rate_limit_is_unknown_and_settled_under_the_assumption(
    rules: list[Rule], wanted: str
) -> None:
    assert statuses(proven(lab(*rules), PRIMARY, ASSUMED)) == ["unknown", wanted]


def test_the_assumption_is_named_in_the_result() -> None:
    report = proven(lab(Rule(4, both(POSTGRESQL, UP_TO), ACCEPT, "accepts up to")), PRIMARY, ASSUMED)
    assert [item["name"] for item in report["paths"][1]["assumptions"]] == [RATE_LIMITS_NOT_EXCEEDED]
    assert report["paths"][0]["assumptions"] == []
    told = [item for item in report["findings"] if item["kind"] == "assumption"]
    assert [(item["path"], item["message"].partition(":")[0]) for item in told] == [
        ("assumed", RATE_LIMITS_NOT_EXCEEDED)
    ]


def test_a_forbidden_path_that_is_open_up_to_a_rate_is_a_violation_under_it() -> None:
    states = lab(Rule(4, both(POSTGRESQL, UP_TO), ACCEPT, "accepts up to"))
    report = proven(states, PRIMARY, ASSUMED, kind="forbidden")
    assert [entry["satisfied"] for entry in report["paths"]] == ["unknown", "no"]
    told = [rule["text"] for item in report["paths"][1]["deciding"] for rule in item["rules"]]
    assert "accepts up to" in told


def test_the_cause_of_a_change_is_found_under_the_assumption_too() -> None:
    was = lab(Rule(4, both(POSTGRESQL, UP_TO), ACCEPT, "accepts up to"))
    now = lab(Rule(4, both(POSTGRESQL, UP_TO), DROP, "drops up to"))
    report = validate(load_policy({"requiredPaths": [ASSUMED]}), now, GROUPS, was)
    [entry] = report["paths"]
    assert (entry["before"]["status"], entry["status"]) == ("open", "blocked")
    assert entry["remedy"][0]["before"]["text"] == "accepts up to"


def test_a_snapshot_keeps_what_would_settle_it() -> None:
    states = lab(Rule(4, both(POSTGRESQL, OVER), DROP, "drops beyond"), ACCEPTED)
    read = {name: State.from_dict(copy.deepcopy(state.to_dict())) for name, state in states.items()}
    assert statuses(proven(read, ASSUMED)) == ["open"]


def test_the_schema_of_policies_offers_all_assumptions(root: Path) -> None:
    schema = json.loads((root / "schemas/path-policy.schema.json").read_text(encoding="utf-8"))
    offered = schema["$defs"]["path"]["properties"]["assume"]["items"]["oneOf"]
    assert {item["const"] for item in offered} == set(ASSUMPTIONS)


def test_a_misspelt_assumption_is_told() -> None:
    with pytest.raises(PolicyError) as error:
        load_policy({"requiredPaths": [{**PRIMARY, "assume": ["rate_limit_not_exceeded"]}]})
    assert error.value.todo == "did you mean 'rate_limits_not_exceeded'?"


def read(**texts: str) -> dict[str, State]:
    """The lab whose firewall has the rules of these outputs."""
    state = parse_platform("linux", "fw1", outputs({**FACTS, "ipset": "", "nft_text": "", **texts}))
    assert state.firewall_known, state.unreadable
    states = small_lab()
    states["fw1"].rulesets, states["fw1"].chains, states["fw1"].sets = (
        state.rulesets,
        state.chains,
        state.sets,
    )
    return states


_NFT = """table inet filter {{
  set seen {{ type ipv4_addr; flags dynamic; timeout 1m; }}
  limit lots {{ rate 10/second }}
  chain forward {{
    type filter hook forward priority 0; policy drop;
    ct state established,related accept
    {rule}
  }}
}}"""


@pytest.mark.parametrize(
    ("rule", "wanted"),
    [
        ("tcp dport 5432 limit rate 10/second accept", "open"),
        ("tcp dport 5432 limit rate 10 mbytes/second burst 5 mbytes accept", "open"),
        ("tcp dport 5432 limit rate over 10/second drop\n    tcp dport 5432 accept", "open"),
        ("tcp dport 5432 limit rate over 10/second accept", "blocked"),
        ("tcp dport 5432 add @seen { ip saddr limit rate 10/second } accept", "open"),
        (
            "tcp dport 5432 add @seen { ip saddr limit rate over 10/second } drop\n    tcp dport 5432 accept",
            "open",
        ),
        ("tcp dport 5432 add @seen { ip saddr ct count over 10 } drop\n    tcp dport 5432 accept", "unknown"),
        ("tcp dport 5432 ct count over 10 drop\n    tcp dport 5432 accept", "unknown"),
        ("tcp dport 5432 quota 25 mbytes accept", "unknown"),
        ('tcp dport 5432 limit name "lots" accept', "unknown"),
    ],
)
def test_rate_limits_of_nft(rule: str, wanted: str) -> None:
    states = read(nft_script=_NFT.format(rule=rule))
    assert statuses(proven(states, PRIMARY, ASSUMED)) == ["unknown", wanted]


@pytest.mark.parametrize(
    ("rules", "wanted"),
    [
        (["-m limit --limit 10/sec -j ACCEPT"], "open"),
        (["-m limit --limit 10/sec --limit-burst 3 -j DROP", "-j ACCEPT"], "blocked"),
        (["-m hashlimit --hashlimit-upto 5/sec --hashlimit-mode srcip --hashlimit-name x -j ACCEPT"], "open"),
        (["-m hashlimit --hashlimit-above 5/sec --hashlimit-name x -j DROP", "-j ACCEPT"], "open"),
        (["-m connlimit --connlimit-above 3 -j DROP", "-j ACCEPT"], "unknown"),
        (["-m recent --update --seconds 60 --hitcount 4 -j DROP", "-j ACCEPT"], "unknown"),
        (["-m statistic --mode random --probability 0.5 -j ACCEPT"], "unknown"),
    ],
)
def test_rate_limits_of_iptables(rules: list[str], wanted: str) -> None:
    lines = [f"-A FORWARD -p tcp -m tcp --dport 5432 {line}" for line in rules]
    established = "-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT"
    text = "\n".join(["*filter", ":FORWARD DROP [0:0]", established, *lines, "COMMIT", ""])
    assert statuses(proven(read(iptables_legacy=text), PRIMARY, ASSUMED)) == ["unknown", wanted]
