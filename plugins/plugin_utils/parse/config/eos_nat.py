# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Network address translation at interfaces of Arista EOS: that it happens, and to which ends.

Source: Arista EOS User Manual, "NAT": ``ip nat source static INSIDE OUTSIDE`` translates the source of what goes out by
the interface, and the destination of what comes in by it; ``ip nat source dynamic access-list NAME`` the sources that
the list permits. Which address of a pool a packet gets, and of other forms which packets they mean, is not modelled:
the end that may change is unknown from there on.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ...model.match import Match, Named, Unknown, both
from ...model.rules import ACCEPT, Effect, Rule, Ruleset
from ...model.state import State
from . import asks
from .blocks import Line
from .words import NotUnderstoodError, Words

_WAYS = {
    "in": ("prerouting", -100, "in_interface", "dst,dst_port"),
    "out": ("postrouting", 100, "out_interface", "src,src_port"),
}
WHY = "which packets are translated, and to what, is not modelled"


def translations(state: State, lines: list[tuple[str, Line]]) -> None:
    """``lines``: the words ``ip nat …`` of each interface."""
    for direction, (hook, priority, side, _ends) in _WAYS.items():
        rules = [
            rule for interface, line in lines for rule in _rules(line, direction, Named(side, (interface,)))
        ]
        if rules:
            rules = [replace(rule, position=position) for position, rule in enumerate(rules, 1)]
            key = f"ip nat/{direction}"
            state.rulesets[key] = Ruleset(key, state.platform, "ip", hook, priority, "permit", "nat", rules)


def _rules(line: Line, direction: str, where: Match) -> Iterator[Rule]:
    effect = Effect("unknown", field=_WAYS[direction][3], detail=WHY)
    try:
        asked = _asked(Words(line.words[2:]), direction)
    except NotUnderstoodError:
        asked = Unknown(line.text, WHY)
    if asked is None:
        return
    yield Rule(0, both(where, asked), ACCEPT, line.text, (effect,), line=line.number, not_understood=(WHY,))


def _asked(words: Words, direction: str) -> Match | None:
    """Which packets a line may change; None for none of this direction."""
    words.expect("source")
    if words.take("dynamic"):
        return Unknown(words.rest(), WHY) if direction == "out" else None
    words.expect("static")
    end, kept = ("src", 0) if direction == "out" else ("dst", 1)
    addresses = [words.next("an address"), words.next("an address")]
    words.end()
    try:
        return asks.address(end, addresses[kept])
    except ValueError:
        raise NotUnderstoodError(f"{addresses[kept]!r} is no address") from None
