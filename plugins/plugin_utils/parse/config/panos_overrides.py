# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which connections are of which application from their first packet, as overrides of PAN-OS say.

Source: Palo Alto Networks, "PAN-OS Web Interface Help", "Policies > Application Override" (the first override that fits
counts). Most overrides have nothing to do with most rules, or with each other: what is apart is left out, or each rule
would ask for all of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from ...model.match import All, Either, In, Match, Named, Not, Range, both
from . import asks

_ZONES = ("in_zone", "out_zone")
Asked = Mapping[tuple[str, int], tuple[Range, ...] | tuple[str, ...]]


@dataclass(frozen=True)
class Override:
    """``plain``: what it asks of packets as they came; ``match``: of packets as rules see them, with what is not known
    about it."""

    plain: Match
    match: Match
    application: str

    @cached_property
    def asked(self) -> Asked:
        return asked_of(self.plain)


def meeting(overrides: Sequence[Override], plain: Match) -> list[Override]:
    """Those that may be for packets that a rule asks for."""
    asked = asked_of(plain)
    return [one for one in overrides if not _apart(one.asked, asked)]


def by_application(overrides: Sequence[Override]) -> dict[str, Match]:
    """The connections that are of each application."""
    found: dict[str, list[Match]] = {}
    for number, one in enumerate(overrides):
        before = (
            Not(other.match)
            for other in overrides[:number]
            if other.application != one.application and not _apart(other.asked, one.asked)
        )
        found.setdefault(one.application, []).append(both(one.match, *before))
    return {application: asks.either(matches) for application, matches in found.items()}


def asked_of(match: Match) -> Asked:
    """What a match surely asks of a field each: ranges of values, or names of zones."""
    found: dict[tuple[str, int], tuple[Range, ...] | tuple[str, ...]] = {}
    for part in match.matches if isinstance(match, All) else (match,):
        if isinstance(part, Either) and len(part.matches) == 1:
            part = part.matches[0]
        if isinstance(part, In):
            found[part.field, part.family] = part.ranges
        elif isinstance(part, Named) and part.field in _ZONES:
            found[part.field, 0] = part.names
    return found


def _apart(one: Asked, other: Asked) -> bool:
    """Whether surely no packet is of both."""
    return any(key in other and not _meet(values, other[key]) for key, values in one.items())


def _meet(one: tuple[Range, ...] | tuple[str, ...], other: tuple[Range, ...] | tuple[str, ...]) -> bool:
    return any(
        value == another
        if isinstance(value, str) or isinstance(another, str)
        else value[0] <= another[1] and another[0] <= value[1]
        for value in one
        for another in other
    )
