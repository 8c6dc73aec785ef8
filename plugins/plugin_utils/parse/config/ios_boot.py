# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a Cisco IOS device starts with what it runs.

Source: Cisco IOS Configuration Fundamentals Command Reference, "copy running-config startup-config", "show
startup-config". Lines are compared, with those that they belong to, and without what the device writes about times and
sizes; certificates and keys are no rules, but a difference in them is one that a restart shows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ...model.raw import RawOutput
from ...model.state import unknown_boot
from .. import outputs as raw
from . import ios_text
from .blocks import Line

_RUNNING, _STARTUP = "running_config", "startup_config"
_ABSENT = "startup-config is not present"
# What differs by itself between what runs and what is saved.
_NO_CONFIGURATION = ("Building", "Current", "Using", "Last", "end", "ntp")
_MOST_SHOWN = 2  # of each


def of(outputs: Mapping[str, RawOutput]) -> dict[str, Any]:
    """``{matches, reason, sources}``, as schemas/state.schema.json has it."""
    if _STARTUP not in outputs:
        return unknown_boot("what is loaded at boot was not gathered")
    why = raw.problem(outputs, _STARTUP) or ios_text.problem(raw.text(outputs, _STARTUP))
    if why:
        return unknown_boot(f"the startup configuration is not known: {why}")
    if raw.text(outputs, _STARTUP).strip().endswith(_ABSENT):
        return _answer("differs", "nothing is saved")
    running, saved = (
        list(_flat(ios_text.lines_of(raw.text(outputs, name)))) for name in (_RUNNING, _STARTUP)
    )
    if running == saved:
        return _answer("same", "")
    only = [f"only running: {line}" for line in _missing(running, saved)[:_MOST_SHOWN]]
    only += [f"only saved: {line}" for line in _missing(saved, running)[:_MOST_SHOWN]]
    return _answer("differs", "; ".join(only) or "lines stand in another order")


def _missing(lines: list[str], others: list[str]) -> list[str]:
    known = set(others)
    return [line for line in lines if line not in known]


def _flat(lines: list[Line], above: str = "") -> Iterator[str]:
    for line in lines:
        if not above and line.words[0] in _NO_CONFIGURATION:
            continue
        text = f"{above} > {line.text}" if above else line.text
        yield text
        yield from _flat(line.children, text)


def _answer(matches: str, reason: str) -> dict[str, Any]:
    return {"matches": matches, "reason": reason, "sources": []}
