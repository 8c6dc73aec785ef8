# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the rules of a host ask for."""

from __future__ import annotations

from collections.abc import Iterator

from ..model.flowset import Space
from ..model.match import All, Either, Fib, In, Masked, Match, Member, Named, Not, Unknown
from .overlay import HIDDEN


def costly(match: Match, asked: set[str]) -> Iterator[Match]:
    """The parts of a match that are worth keeping; ``asked`` gets the fields that the whole of it asks for."""
    if isinstance(match, (In, Masked, Named)):
        asked.add(match.field)
    elif isinstance(match, (All, Either)):
        for part in match.matches:
            yield from costly(part, asked)
    elif isinstance(match, Not):
        yield from costly(match.match, asked)
    elif isinstance(match, Member):
        asked.update(match.fields)
    elif isinstance(match, Fib) and match.mark:
        asked.add("mark")
    if isinstance(match, (Fib, Member, Unknown)):
        yield match


def learn_names(match: Match, space: Space, asked: set[str]) -> None:
    """Interface and zone names become known before sets are made; ``asked`` gets the hidden fields."""
    if isinstance(match, Named):
        if match.field in HIDDEN:
            asked.add(match.field)
        elif match.field.endswith(("_interface", "_zone")):
            space.learn(match.field, match.names)
    elif isinstance(match, (All, Either)):
        for part in match.matches:
            learn_names(part, space, asked)
    elif isinstance(match, Not):
        learn_names(match.match, space, asked)
