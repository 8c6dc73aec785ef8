# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Numbers and ranges of ports as FortiOS and PAN-OS write them."""

from __future__ import annotations

import re

from .words import NotUnderstoodError

_NUMBER = re.compile(r"[0-9]{1,10}")
_LAST_PORT = 0xFFFF


def is_number(said: str) -> bool:
    """Whether it is a number of ten digits at most, which is all that a configuration has."""
    return _NUMBER.fullmatch(said) is not None


def number(said: str, most: int) -> int:
    """NotUnderstoodError for what is no number, or is more than ``most``."""
    if not is_number(said) or int(said) > most:
        raise NotUnderstoodError(f"{said[:40]!r} is no number up to {most}")
    return int(said)


def ports(said: str) -> tuple[int, int]:
    """``80`` or ``8000-8010``. NotUnderstoodError for what is no ascending range of ports."""
    low, dash, high = said.partition("-")
    first = number(low, _LAST_PORT)
    last = number(high, _LAST_PORT) if dash else first
    if first > last:
        raise NotUnderstoodError(f"{said!r} is no ascending range of ports")
    return first, last
