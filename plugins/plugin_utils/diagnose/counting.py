# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What rules count while new connections are tried: which chains to look at, and what moved."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ..model.rules import Rule
from ..model.state import State

# A longer chain takes too long to list twice while people wait.
MOST_RULES = 2_000
HOOKS = ("forward", "input", "output", "prerouting", "postrouting")
LISTED = ("nft", "iptables", "ip6tables", "iptables-legacy", "ip6tables-legacy")
_POLICY = "policy"


@dataclass(frozen=True)
class Moved:
    """``packets``: how many more a rule has counted. ``position`` 0: the chain's policy."""

    host: str
    chain: str
    position: int
    packets: int
    text: str

    def to_dict(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in ("host", "chain", "position", "packets", "text")}


@dataclass(frozen=True)
class Counted:
    """``before``, ``after``: what the hosts' counter agents answered."""

    states: Mapping[str, State]
    before: Mapping[str, Mapping[str, Any]]
    after: Mapping[str, Mapping[str, Any]]

    def rule(self, host: str, chain: str, position: int) -> int | None:
        """How many packets a rule has counted meanwhile; None where it does not count."""
        rules = _rules(self.states, host, chain)
        keys = [_POLICY] if not position else [_key(rule) for rule in rules if rule.position == position][:1]
        return self._difference(host, chain, keys[0]) if keys else None

    def moved(self, host: str) -> list[Moved]:
        """What counted anything, in the chains' order."""
        found = []
        for chain in self.before.get(host, {}).get("rules", {}):
            for position, text, key in _keys(self.states, host, chain):
                packets = self._difference(host, chain, key)
                if packets:
                    found.append(Moved(host, chain, position, packets, text))
        return found

    def of(self, host: str, part: str, name: str) -> int | None:
        """How much a number of ``conntrack`` or ``listen`` has grown."""
        sides = [side.get(host, {}).get(part, {}).get(name) for side in (self.before, self.after)]
        return None if None in sides else max(sides[1] - sides[0], 0)

    def now(self, host: str, part: str, name: str) -> int | None:
        found: int | None = self.after.get(host, self.before.get(host, {})).get(part, {}).get(name)
        return found

    def _difference(self, host: str, chain: str, key: str) -> int | None:
        """A counter that went back was reset, or its rule is another one by now."""
        sides = [
            side.get(host, {}).get("rules", {}).get(chain, {}).get(key) for side in (self.before, self.after)
        ]
        return None if None in sides or sides[1] < sides[0] else sides[1] - sides[0]


def chains_of(state: State, decided: Iterable[str] = ()) -> list[str]:
    """The chains that new connections may meet on this host: those that were told to decide, and the base chains."""
    if state.platform != "linux":
        return []
    bases = [
        key
        for key, item in state.rulesets.items()
        if item.hook in HOOKS and len(item.rules) <= MOST_RULES and item.type == "filter"
    ]
    wanted = dict.fromkeys([*decided, *bases])
    return [key for key in wanted if _backend(key) and (key in state.rulesets or key in state.chains)]


def _backend(key: str) -> bool:
    """Whether the host's tools list chains by such a name."""
    first = key.split("/")[0]
    return key.count("/") >= 2 and (first in LISTED or first in ("ip", "ip6", "inet"))


def _rules(states: Mapping[str, State], host: str, chain: str) -> list[Rule]:
    state = states.get(host)
    if state is None:
        return []
    found = state.rulesets.get(chain) or state.chains.get(chain)
    return list(found.rules) if found is not None else []


def _key(rule: Rule) -> str:
    return f"handle:{rule.handle}" if rule.handle is not None else f"line:{rule.line}"


def _keys(states: Mapping[str, State], host: str, chain: str) -> list[tuple[int, str, str]]:
    """``(position, text, key)`` of each rule of the host, each once, and of the policy."""
    rules = {rule.position: (rule.position, rule.text, _key(rule)) for rule in _rules(states, host, chain)}
    return [*rules.values(), (0, "the policy of the chain", _POLICY)]
