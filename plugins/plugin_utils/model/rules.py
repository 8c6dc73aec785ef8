# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules, chains and rulesets: ordered decisions, free of any vendor's syntax."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from . import shape
from .fields import FIELDS
from .match import ALWAYS, Match, match_from_dict, match_to_dict

# What a rule does with a flow that it matches.
#   accept, drop, reject: as named (reject denies; a probe sees it at once, a drop times out)
#   return: back to the calling chain, or the ruleset's default action
#   jump, goto: to ``chain`` (a key of the state's chains); goto returns to the caller's caller
#   continue: on to the next rule (a rule that only counts, logs or marks)
#   unknown: any of these (a queue to a program, a statement that was not understood)
VERDICTS = ("accept", "drop", "reject", "return", "jump", "goto", "continue", "unknown")


@dataclass(frozen=True, slots=True)
class Verdict:
    kind: str
    chain: str = ""
    detail: str = ""

    def to_dict(self) -> dict[str, Any]:
        found = {"kind": self.kind}
        if self.chain:
            found["chain"] = self.chain
        if self.detail:
            found["detail"] = self.detail
        return found

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> Verdict:
        plain = _VERDICT[value["kind"]]
        if len(value) == 1:
            return plain
        chain, detail = value.get("chain", ""), value.get("detail", "")
        if (
            not isinstance(chain, str)
            or not isinstance(detail, str)
            or bool(chain) != (plain.kind in _LEADING)
        ):
            raise ValueError(f"a verdict {value!r}")
        return cls(plain.kind, chain, detail)


_LEADING = ("jump", "goto")
_VERDICT = {kind: Verdict(kind) for kind in VERDICTS}
ACCEPT, DROP, REJECT, RETURN, CONTINUE = (
    _VERDICT[kind] for kind in ("accept", "drop", "reject", "return", "continue")
)


@dataclass(frozen=True, slots=True)
class VerdictMap:
    """Cases that exclude one another; a flow that fits none goes on to the next rule."""

    cases: tuple[tuple[Match, Verdict], ...]

    def to_dict(self) -> dict[str, Any]:
        return {
            "map": [
                {"match": match_to_dict(match), "verdict": verdict.to_dict()} for match, verdict in self.cases
            ]
        }

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> VerdictMap:
        return cls(
            tuple(
                (match_from_dict(case["match"]), Verdict.from_dict(case["verdict"])) for case in value["map"]
            )
        )


@dataclass(frozen=True, slots=True)
class Effect:
    """What a rule changes about a flow that it matches, besides deciding about it.

    ``kind``: ``set`` (field mark or ct_mark becomes ``value``, with the bits of ``mark`` and ``ct_mark`` that
    the masks ``bits`` name, as they are now, added without carry; None = a value that is not known),
    ``notrack`` (connection becomes untracked), ``zone`` (connection tracking looks for the packet among the
    connections of another zone), ``dnat``, ``snat``, ``masquerade``, ``redirect``
    (``address``: ranges with ``family``, ``port``: a range; None = unchanged), ``unknown``.
    """

    kind: str
    field: str = ""
    value: int | None = None
    family: int = 0
    address: tuple[int, int] | None = None
    port: tuple[int, int] | None = None
    detail: str = ""
    bits: tuple[tuple[str, int], ...] = ()

    def to_dict(self) -> dict[str, Any]:
        found: dict[str, Any] = {"kind": self.kind}
        for name in ("field", "family", "detail"):
            if getattr(self, name):
                found[name] = getattr(self, name)
        if self.kind == "set":
            found["value"] = self.value
        for name in ("address", "port"):
            if getattr(self, name) is not None:
                found[name] = list(getattr(self, name))
        if self.bits:
            found["bits"] = dict(self.bits)
        return found

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> Effect:
        shape.every({**_NO_EFFECT, **value}, _EFFECT)
        of_address = value.get("address") or (value.get("field") in ("src", "dst") and value.get("value"))
        if of_address and not value.get("family"):
            raise ValueError(f"an address without its family: {value!r}")
        return cls(
            value["kind"],
            value.get("field", ""),
            value.get("value"),
            value.get("family", 0),
            tuple(value["address"]) if value.get("address") else None,
            tuple(value["port"]) if value.get("port") else None,
            value.get("detail", ""),
            tuple(sorted(value.get("bits", {}).items())),
        )


def _is_pair(value: Any) -> bool:
    return value is None or (
        isinstance(value, (list, tuple))
        and len(value) == 2
        and all(map(shape.is_whole, value))
        and 0 <= value[0] <= value[1]
    )


_NO_EFFECT: dict[str, Any] = {
    "field": "",
    "value": None,
    "family": 0,
    "address": None,
    "port": None,
    "detail": "",
    "bits": {},
}
_CHANGES = ("set", "notrack", "zone", "dnat", "snat", "masquerade", "redirect", "unknown")
_EFFECT: dict[str, shape.Check] = {
    "kind": lambda value: value in _CHANGES,
    "field": lambda value: isinstance(value, str) and (not value or FIELDS.keys() >= set(value.split(","))),
    "value": lambda value: value is None or (shape.is_whole(value) and value >= 0),
    "family": lambda value: shape.is_whole(value) and value in (0, 4, 6),
    "address": _is_pair,
    "port": lambda value: _is_pair(value) and (value is None or value[1] <= 0xFFFF),
    "detail": shape.is_text,
    "bits": lambda value: (
        isinstance(value, Mapping)
        and all(name in ("mark", "ct_mark") and shape.is_whole(mask) for name, mask in value.items())
    ),
}


Outcome = Verdict | VerdictMap


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. ``position`` counts from 1 in its chain; several rules may share one where a vendor's
    rule does several things in order. ``text`` is verbatim as the host prints it. ``handle`` (nft) or
    ``line`` (position in iptables, sequence or line number on a device) finds it again on the host.
    ``follows``: asked of those flows only that the rule before it matched and sent on, as it left them.
    ``managed_by``: the program that made it and will make it again; empty for the administrator.
    """

    position: int
    match: Match
    verdict: Outcome
    text: str
    effects: tuple[Effect, ...] = ()
    handle: int | None = None
    line: int | None = None
    comment: str = ""
    not_understood: tuple[str, ...] = ()
    follows: bool = False
    managed_by: str = ""

    def to_dict(self) -> dict[str, Any]:
        found: dict[str, Any] = {
            "position": self.position,
            "text": self.text,
            "verdict": self.verdict.to_dict(),
        }
        if self.match is not ALWAYS:
            found["match"] = match_to_dict(self.match)
        if self.effects:
            found["effects"] = [effect.to_dict() for effect in self.effects]
        if self.handle is not None:
            found["handle"] = self.handle
        if self.line is not None:
            found["line"] = self.line
        if self.comment:
            found["comment"] = self.comment
        if self.not_understood:
            found["not_understood"] = list(self.not_understood)
        if self.follows:
            found["follows"] = True
        if self.managed_by:
            found["managed_by"] = self.managed_by
        return found

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> Rule:
        for name, item in value.items():
            wanted = _RULE.get(name)
            if wanted is not None and not shape.is_a(item, wanted):
                raise ValueError(f"{name} is {item!r}")
        verdict = value["verdict"]
        outcome: Outcome = VerdictMap.from_dict(verdict) if "map" in verdict else Verdict.from_dict(verdict)
        return cls(
            value["position"],
            match_from_dict(value["match"]) if "match" in value else ALWAYS,
            outcome,
            value["text"],
            tuple(Effect.from_dict(effect) for effect in value.get("effects", ())),
            value.get("handle"),
            value.get("line"),
            value.get("comment", ""),
            tuple(map(str, value.get("not_understood", ()))),
            bool(value.get("follows")),
            value.get("managed_by", ""),
        )


_RULE: dict[str, type] = {
    "position": int,
    "text": str,
    "handle": int,
    "line": int,
    "comment": str,
    "not_understood": list,
    "managed_by": str,
}


@dataclass(slots=True)
class Chain:
    """A chain without a hook, reached by jump or goto. ``key`` as in ``inet/filter/app_rules``.
    ``managed_by``: the program that made the chain; a rule in it may be somebody else's (DOCKER-USER)."""

    key: str
    rules: list[Rule] = field(default_factory=list)
    managed_by: str = ""

    def to_dict(self) -> dict[str, Any]:
        found: dict[str, Any] = {"rules": [rule.to_dict() for rule in self.rules]}
        return {**found, "managed_by": self.managed_by} if self.managed_by else found

    @classmethod
    def from_dict(cls, key: str, value: Mapping[str, Any]) -> Chain:
        return cls(key, [Rule.from_dict(rule) for rule in value["rules"]], value.get("managed_by", ""))


@dataclass(slots=True)
class Ruleset:
    """Ordered rules that decide about flows at one place.

    ``key``: ``family/table/chain`` (nft), ``iptables/filter/FORWARD`` and the like, or a device's own
    name. ``backend``: nft, iptables, iptables-legacy, ip6tables, ip6tables-legacy, or the platform.
    ``family``: ip, ip6, inet, bridge, netdev, arp (see ``parse/nft_arp``), bridged (``parse/nft_frames``).
    ``hook``: prerouting, input, forward, output, postrouting, ingress; empty for a device's list. ``type``: filter,
    nat, route. ``default_action``: permit or deny, for what no rule decides. ``managed_by``: the program that
    set hook and default action; each rule says for itself who made it.
    """

    key: str
    backend: str
    family: str
    hook: str
    priority: int
    default_action: str
    type: str = "filter"
    rules: list[Rule] = field(default_factory=list)
    managed_by: str = ""

    def to_dict(self) -> dict[str, Any]:
        found: dict[str, Any] = {
            "backend": self.backend,
            "family": self.family,
            "hook": self.hook,
            "priority": self.priority,
            "type": self.type,
            "default_action": self.default_action,
            "rules": [rule.to_dict() for rule in self.rules],
        }
        return {**found, "managed_by": self.managed_by} if self.managed_by else found

    @classmethod
    def from_dict(cls, key: str, value: Mapping[str, Any]) -> Ruleset:
        shape.every(value, _RULESET)
        return cls(
            key,
            value["backend"],
            value["family"],
            value["hook"],
            value["priority"],
            value["default_action"],
            value.get("type", "filter"),
            [Rule.from_dict(rule) for rule in value["rules"]],
            value.get("managed_by", ""),
        )


_RULESET: dict[str, shape.Check] = {
    "backend": shape.is_text,
    "family": shape.is_text,
    "hook": shape.is_text,
    "priority": shape.is_whole,
    "default_action": lambda value: value in ("permit", "deny"),
    "rules": lambda value: isinstance(value, list),
}
