# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Access lists as matches: where a list does not filter, but says which packets something else is about."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ...model.match import (
    ALWAYS,
    NEVER,
    All,
    Either,
    In,
    Masked,
    Match,
    Named,
    Not,
    Range,
    Unknown,
    both,
)
from ...model.rules import Rule, Verdict
from . import asks

# Each turn from permit to deny asks for all that was denied before: beyond so many parts a list is not followed.
_MOST_PARTS = 100_000
_MOST_BEFORE = 300
_SYN = 0x02
_EXCHANGED = {
    "src": "dst", "dst": "src", "src_port": "dst_port", "dst_port": "src_port", "in_interface": "out_interface",
    "out_interface": "in_interface", "in_zone": "out_zone", "out_zone": "in_zone",
}  # fmt: skip
# Requests by ICMP and their answers (RFC 792, RFC 4443).
_ANSWERED = {8: 0, 13: 14, 15: 16, 17: 18, 128: 129}
_MESSAGES = ("icmp_type", "icmp_code")


def permitted(rules: Sequence[Rule], name: str) -> Match:
    """What a list permits; what no rule decides it does not. ``name``: of the list, for people."""
    found: list[Match] = []
    denied: list[Match] = []
    run: list[Match] = []
    parts = 0
    for rule in rules:
        verdict = rule.verdict.kind if isinstance(rule.verdict, Verdict) else "unknown"
        if verdict in ("accept", "unknown"):
            run.append(rule.match)
        if verdict == "accept":
            continue
        if run:
            found.append(both(asks.either(run), *_none_of(denied)))
            run, parts = [], parts + len(denied) + 1
        if parts > _MOST_PARTS:
            return Unknown(
                f"permitted by {name}", f"{name} alternates between permit and deny too often to be followed"
            )
        denied.append(rule.match)
    if run:
        found.append(both(asks.either(run), *_none_of(denied)))
    return asks.either(found)


def first_match(rules: Sequence[Rule], index: int, name: str) -> Match:
    """What reaches the rule at an index, and matches it."""
    if index > _MOST_BEFORE:
        return both(
            rules[index].match, Unknown(f"before {name} {index}", f"{name} is too long to be followed")
        )
    return both(rules[index].match, *_none_of([rule.match for rule in rules[:index]]))


def _none_of(denied: list[Match]) -> tuple[Match, ...]:
    return (Not(asks.either(denied)),) if denied else ()


def answers(match: Match) -> Match:
    """What answers connections whose first packet fits ``match``: ends exchanged; of TCP's flags the first packet had
    SYN, and requests by ICMP become their answers."""
    if isinstance(match, In):
        if match.field in _MESSAGES or match.field == "tcp_flags":
            return _of_first(
                match.field, lambda value: any(low <= value <= high for low, high in match.ranges)
            )
        return In(_EXCHANGED.get(match.field, match.field), match.ranges, match.family)
    if isinstance(match, Masked):
        if match.field in _MESSAGES or match.field == "tcp_flags":
            return _of_first(match.field, lambda value: value & match.mask == match.value)
        return Masked(_EXCHANGED.get(match.field, match.field), match.value, match.mask, match.family)
    if isinstance(match, Named):
        if match.field == "connection":
            return ALWAYS if "new" in match.names else NEVER
        return Named(_EXCHANGED.get(match.field, match.field), match.names)
    if isinstance(match, Not):
        return Not(answers(match.match))
    if isinstance(match, All):
        return both(*map(answers, match.matches))
    if isinstance(match, Either):
        return Either(tuple(map(answers, match.matches)))
    return match


def _of_first(field: str, fits: Callable[[int], bool]) -> Match:
    if field == "icmp_type":
        ranges: list[Range] = [(reply, reply) for request, reply in _ANSWERED.items() if fits(request)]
        return asks.ports("icmp_type", *ranges) if ranges else NEVER
    return ALWAYS if fits(_SYN if field == "tcp_flags" else 0) else NEVER
