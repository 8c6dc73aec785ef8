# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A report's texts made harmless: what a device wrote may hold anything, and must not steer a terminal or a page."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from typing import Any

# C0 and C1 controls, format characters (bidirectional overrides, zero widths), surrogates, line separators.
_UNWANTED = frozenset(("Cc", "Cf", "Cs", "Zl", "Zp"))


def clean(text: str) -> str:
    """One line without control and format characters."""
    if text.isascii() and text.isprintable():
        return text
    kept = (" " if character in "\t\r\n\v\f\x85\u2028\u2029" else character for character in text)
    return "".join(character for character in kept if unicodedata.category(character) not in _UNWANTED)


def cleaned(value: Any) -> Any:
    """The value with all its texts, keys too, made clean."""
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, Mapping):
        return {clean(str(key)): cleaned(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [cleaned(item) for item in value]
    return value


def printable(text: str) -> str:
    """Without what would steer a terminal: a rule's comment may hold anything."""
    return "".join(
        letter if letter.isprintable() or letter == "\n" else "\N{REPLACEMENT CHARACTER}" for letter in text
    )


def clipped(text: str, width: int) -> str:
    """At most ``width`` characters; what is left out shows as three dots."""
    return text if len(text) <= width else text[: max(width - 3, 0)] + "..."


def listed(items: list[str], most: int) -> str:
    """The first few of a list, and how many more there are."""
    shown = ", ".join(items[:most])
    return f"{shown} and {len(items) - most} more" if len(items) > most else shown
