# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Big rulesets as ``nft -j list ruleset`` prints them: made from a seed, the same on every machine."""

from __future__ import annotations

import json
import random
from typing import Any

Json = dict[str, Any]
TABLE = {"family": "inet", "table": "filter"}
RULESET = "inet/filter/forward"


def _payload(protocol: str, field: str, right: Any) -> Json:
    left = {"payload": {"protocol": protocol, "field": field}}
    return {"match": {"op": "==", "left": left, "right": right}}


class Generator:
    """A router that has grown for years: mostly narrow permits, some denies, lists and ranges."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def address(self) -> str:
        pick = self.random.randrange
        return f"10.{pick(256)}.{pick(256)}.{pick(1, 255)}"

    def network(self) -> Json:
        length = self.random.choice((16, 20, 22, 24, 24, 24, 26, 28))
        value = 10 << 24 | self.random.getrandbits(24)
        value &= ~((1 << (32 - length)) - 1)
        return {
            "prefix": {"addr": ".".join(str(value >> shift & 255) for shift in (24, 16, 8, 0)), "len": length}
        }

    def port(self) -> Any:
        kind = self.random.randrange(10)
        first = self.random.choice(
            (22, 53, 80, 443, 1521, 3306, 5432, 6379, 8080, self.random.randrange(1024, 60000))
        )
        if kind == 0:
            return {"range": [first, first + self.random.randrange(1, 500)]}
        if kind == 1:
            return {"set": sorted({first, *(self.random.randrange(1024, 65536) for _each in range(3))})}
        return first

    def rule(self, handle: int) -> Json:
        protocol = "tcp" if self.random.random() < 0.85 else "udp"
        source = (
            {"set": [self.address() for _each in range(3)]} if self.random.random() < 0.1 else self.network()
        )
        target = self.address() if self.random.random() < 0.8 else self.network()
        verdict = "accept" if self.random.random() < 0.9 else "drop"
        expressions = [
            _payload("ip", "saddr", source),
            _payload("ip", "daddr", target),
            _payload(protocol, "dport", self.port()),
            {"counter": {"packets": self.random.randrange(10**6), "bytes": self.random.randrange(10**9)}},
            {verdict: None},
        ]
        return {"rule": {**TABLE, "chain": "forward", "handle": handle, "expr": expressions}}

    def flow(self, rule: Json) -> Json:
        """A question about the path that a rule is for, sometimes wider than the rule itself."""
        source, target, port = (part["match"]["right"] for part in rule["rule"]["expr"][:3])
        protocol = rule["rule"]["expr"][2]["match"]["left"]["payload"]["protocol"]
        wide = self.random.random() < 0.1
        return {
            "src": "10.0.0.0/8" if wide else _as_text(source),
            "dst": _as_text(target),
            "protocol": protocol,
            "dst_port": port if isinstance(port, int) else 5432,
        }


def _as_text(value: Any) -> str:
    """An operand of a rule as a flow's address: a prefix, or the first of a list."""
    if isinstance(value, str):
        return value
    if "set" in value:
        return str(value["set"][0])
    return f"{value['prefix']['addr']}/{value['prefix']['len']}"


def nft_ruleset(rules: int, seed: int, questions: int = 0) -> tuple[str, list[Json]]:
    """The JSON text of a forward chain with so many rules, and so many questions about it."""
    made = Generator(seed)
    state = {"match": {"op": "in", "left": {"ct": {"key": "state"}}, "right": ["established", "related"]}}
    chain = {
        **TABLE,
        "name": "forward",
        "handle": 1,
        "type": "filter",
        "hook": "forward",
        "prio": 0,
        "policy": "drop",
    }
    objects: list[Json] = [
        {"metainfo": {"version": "1.0.6", "release_name": "Lester Gooch #5", "json_schema_version": 1}},
        {"table": {"family": "inet", "name": "filter", "handle": 1}},
        {"chain": chain},
        {"rule": {**TABLE, "chain": "forward", "handle": 2, "expr": [state, {"accept": None}]}},
    ]
    narrow = [made.rule(handle) for handle in range(3, rules + 2)]
    flows = [made.flow(made.random.choice(narrow)) for _each in range(questions)]
    return json.dumps({"nftables": [*objects, *narrow]}), flows
