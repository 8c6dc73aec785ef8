# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""nft's statements with a memory, as text: in a rule, or in a set's elements (nft(8), "Counter", "Limit", "Quota")."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from . import nft_constants
from .nft_constants import NotUnderstood
from .nft_phrase import Phrase

Json = Any
_BYTES = ("bytes", "kbytes", "mbytes", "gbytes")
_TIMES = ("second", "minute", "hour", "day", "week")
# nft's own, where a rule names no burst (src/parser_bison.y, "limit_burst_pkts").
_BURST = 5


def _counter(p: Phrase) -> Json:
    if not p.accept("packets"):
        return {"counter": None}
    packets = p.number()
    p.expect("bytes")
    return {"counter": {"packets": packets, "bytes": p.number()}}


def _over(p: Phrase) -> bool:
    if p.accept("over"):
        return True
    p.accept("until")
    return False


def _limit(p: Phrase) -> Json:
    p.expect("rate")
    found: dict[str, Json] = {}
    over = _over(p)
    found["rate"] = p.number()
    if p.accept("/"):
        unit = ""
        found.update(burst=_BURST, per=p.one_of(_TIMES))
    else:
        # `bytes/second` is one word to nft.
        unit, slash, per = p.take().partition("/")
        if not slash and p.accept("/"):
            per = p.take()
        if unit not in _BYTES or per not in _TIMES:
            raise NotUnderstood(p.words[p.at - 1])
        found.update(burst=0, per=per)
    if over:
        found["inv"] = True
    burst_unit = "bytes"
    if p.accept("burst"):
        found["burst"] = p.number()
        if unit:
            burst_unit = p.one_of(_BYTES)
        else:
            p.accept("packets")
    if unit:
        found.update(rate_unit=unit, burst_unit=burst_unit)
    return {"limit": found}


def _quota(p: Phrase) -> Json:
    over = _over(p)
    found: dict[str, Json] = {"val": p.number(), "val_unit": p.one_of(_BYTES)}
    if over:
        found["inv"] = True
    if p.accept("used"):
        found.update(used=p.number(), used_unit=p.one_of(_BYTES))
    return {"quota": found}


def _last(p: Phrase) -> Json:
    if not p.accept("used"):
        return {"last": None}
    return {"last": None} if p.accept("never") else {"last": {"used": nft_constants.seconds(p.take())}}


def _ct_count(p: Phrase) -> Json:
    p.expect("count")
    over = p.accept("over")
    found: dict[str, Json] = {"val": p.number()}
    return {"ct count": {**found, "inv": True} if over else found}


STATEMENTS: dict[str, Callable[[Phrase], Json]] = {
    "counter": _counter,
    "limit": _limit,
    "quota": _quota,
    "last": _last,
    "ct": _ct_count,
}


def unexceeded(statements: Json) -> bool | None:
    """Whether a rule goes on after these statements while no rate limit is exceeded: after ``limit rate over ...`` it
    does not. None if that depends on more than rates, or on an object that is named only."""
    if not isinstance(statements, list):
        return None
    found: list[bool | None] = []
    for statement in statements:
        ((name, value),) = (
            statement.items() if isinstance(statement, dict) and len(statement) == 1 else (("", ""),)
        )
        if name == "limit" and isinstance(value, dict) and "rate" in value:
            found.append(not value.get("inv"))
        elif name == "meter" and isinstance(value, dict):
            inner = value.get("stmt")
            found.append(unexceeded(inner if isinstance(inner, list) else [inner]))
        elif name not in ("counter", "last"):
            return None
    return None if None in found or not found else all(found)
