# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the rules of a host ask for."""

from __future__ import annotations

from ..model.flowset import Space
from ..model.match import All, Either, Fib, In, Masked, Match, Member, Named, Not, Unknown
from .overlay import HIDDEN


def learn_asked(match: Match, asked: set[str], costly: dict[Match, None]) -> None:
    """``asked`` gets the fields that a match asks for, ``costly`` those of its parts that are worth keeping."""
    if isinstance(match, (In, Masked, Named)):
        asked.add(match.field)
    elif isinstance(match, (All, Either)):
        for part in match.matches:
            learn_asked(part, asked, costly)
    elif isinstance(match, Not):
        learn_asked(match.match, asked, costly)
    elif isinstance(match, (Fib, Member, Unknown)):
        costly[match] = None
        if isinstance(match, Member):
            asked.update(match.fields)
        elif isinstance(match, Fib) and match.mark:
            asked.add("mark")


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
