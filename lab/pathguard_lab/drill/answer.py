# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether what a trainee says is the cause: the host, and the rule or what else it is."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .catalogue import Fault

# So many words of a rule in a row are that rule and no other.
WORDS_OF_A_RULE = 4
SHORTEST_WORD = 4
QUOTES = str.maketrans("", "", "\"'`")


@dataclass(frozen=True)
class Judgement:
    host: bool
    cause: bool

    @property
    def right(self) -> bool:
        return self.host and self.cause


def judge(fault: Fault, cause: Mapping[str, Any] | None, host: str, text: str) -> Judgement:
    """``cause``: as a diagnosis tells it, None where none did. Right is: what the catalogue calls the cause, one of the
    other ways to say it (each of its words), the rule's handle or line, four words of the rule in a row, or what the
    rule says now and did not say before."""
    said = plain(text)
    ways = [fault.cause, *([fault.diagnosed] if fault.diagnosed else [])]
    named = any(plain(way) in said for way in ways) or any(
        all(_begins(word, said) for word in plain(way).split()) for way in fault.said
    )
    return Judgement(host in fault.hosts, named or (cause is not None and _is_its_rule(cause, said)))


def plain(text: str) -> str:
    """Without quotes, capitals and the number of spaces."""
    return " ".join(text.translate(QUOTES).lower().split())


def _begins(word: str, said: str) -> bool:
    """Whether a word of what was said begins with it: "translat" is in "a translation", "nat" not in "destination"."""
    return re.search(rf"(?<![\w.]){re.escape(word)}", said) is not None


def _is_its_rule(cause: Mapping[str, Any], said: str) -> bool:
    rule = cause["rule"] or {}
    numbers = re.findall(r"\b(?:handle|line|sequence|position|rule)\s+#?(\d+)", said)
    if any(str(rule.get(kind)) in numbers for kind in ("handle", "line") if rule.get(kind) is not None):
        return True
    now, before = plain(cause["now"]), plain(cause["before"])
    words = said.split()
    rows = (words[at : at + WORDS_OF_A_RULE] for at in range(len(words) - WORDS_OF_A_RULE + 1))
    if any(f" {' '.join(row)} " in f" {text} " for row in rows for text in (now, before)):
        return True
    new = set(now.split()) - set(before.split()) if before else set()
    return any(len(word) >= SHORTEST_WORD and any(map(str.isdigit, word)) for word in new & set(words))
