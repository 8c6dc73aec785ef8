# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules of one chain: the administrator's from the record, the dynamic owners' as they are now."""

from __future__ import annotations

import re
from typing import Callable, Sequence

from .owners import Owned

# In nft's text a base chain's own line and a chain's comment stand where rules stand, before them.
_NO_RULE = re.compile(r'type \w+ hook |comment "')


def merge_rules(
    recorded: Sequence[str], live: Sequence[str], plain: Callable[[str], str], owned: Owned, active: set[str]
) -> list[str]:
    """Both lists in the order of the chain; ``plain`` takes counters off a rule.

    A dynamic rule that was recorded stays at its place. A new one stands behind the rule that it stands
    behind now, or first: that is where its owner put it. An owner that is not ``active``, which means that no
    rule of it is left in the table although it had some, was flushed by the change: its recorded rules
    return.
    """
    live_plain = [plain(line) for line in live]
    merged: list[str] = []
    for line in recorded:
        owner = owned.rule(plain(line))
        if not owner or owner not in active or plain(line) in live_plain:
            merged.append(line)
    merged_plain = [plain(line) for line in merged]
    for index, line in enumerate(live):
        if not owned.rule(live_plain[index]) or live_plain[index] in merged_plain:
            continue
        places: dict[str, int] = {text: place for place, text in enumerate(merged_plain)}
        place = next(
            (places[text] + 1 for text in reversed(live_plain[:index]) if text in places),
            _first_rule(merged_plain),
        )
        merged.insert(place, line)
        merged_plain.insert(place, live_plain[index])
    return merged


def _first_rule(lines: list[str]) -> int:
    return next((place for place, line in enumerate(lines) if not _NO_RULE.match(line)), len(lines))
