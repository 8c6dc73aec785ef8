# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What one test of the comparison with the kernel has compared: counted by kind, printed in one line."""

from __future__ import annotations

from collections import Counter

# What is printed first, in this order, even where there is none of it.
_SHOWN = ("rulesets", "flows", "new", "reply", "later", "translated", "unknown")
_ALWAYS = 5
# Share of flows that may be unknown where only matches are used that follow from the packet.
_MOST_UNKNOWN = 0.01


class Tally(Counter[str]):
    """``rulesets``; ``flows``: connections; ``new``, ``reply``, ``later``: packets of them that were compared;
    ``translated``: flows whose addresses or ports the kernel changed; ``unknown``: flows without a certain
    answer; and any other kind that a test names."""

    def line(self) -> str:
        shown = [*_SHOWN, *sorted(self.keys() - set(_SHOWN))]
        return ", ".join(
            f"{self[kind]} {kind}" for at, kind in enumerate(shown) if self[kind] or at < _ALWAYS
        )

    def few_unknown(self) -> bool:
        return self["unknown"] <= _MOST_UNKNOWN * self["flows"]


def read(line: str) -> Tally:
    """The inverse of ``line``."""
    found = Tally()
    for part in line.split(", "):
        number, _space, kind = part.partition(" ")
        found[kind] = int(number)
    return found
