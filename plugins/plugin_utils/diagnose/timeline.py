# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When a host's rules were changed last, and by whom, as far as the host itself tells."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from ..model.raw import RawOutput

# Seconds by which the clocks of hosts may differ.
CLOCKS_DIFFER = 60.0
_CONFIGURATIONS = ("running_config", "startup_config")
# How a configuration begins that says so itself: (kind of line, its pattern with ``at`` and ``by``, where it has one).
# Cisco IOS Configuration Fundamentals ("show running-config"), IOS-XR System Management ("!! Last configuration change
# at"), NX-OS Fundamentals ("!Running configuration last done at"), ASA ("Written by"), EOS ("Startup-config last
# modified at ... by"), Junos CLI User Guide ("## Last commit").
_SAID = (
    re.compile(r"^!+ ?Last configuration change at +(?P<at>.+?) by (?P<by>\S+)\s*$", re.MULTILINE),
    re.compile(r"^!+ ?Last configuration change at +(?P<at>.+?)\s*$", re.MULTILINE),
    re.compile(
        r"^## Last (?:commit|changed): (?P<at>\S+ \S+(?: [A-Z]{2,5})?)(?: by (?P<by>\S+))?\s*$", re.MULTILINE
    ),
    re.compile(r"^!Running configuration last done at: +(?P<at>.+?)\s*$", re.MULTILINE),
    re.compile(r"^! Startup-config last modified at +(?P<at>.+?) by (?P<by>\S+)\s*$", re.MULTILINE),
    re.compile(r"^: Written by (?P<by>\S+) at +(?P<at>.+?)\s*$", re.MULTILINE),
)


@dataclass(frozen=True)
class Said:
    """A device's own words about the last change of its configuration. ``at``: in whatever format it writes.
    ``by``: empty where it does not say. ``saved``: whether it speaks of the saved configuration."""

    at: str
    by: str
    saved: bool

    def text(self) -> str:
        which = "saved configuration" if self.saved else "configuration"
        return f"{which} changed at {self.at}{f' by {self.by}' if self.by else ''}, as the device says"


def said_by_device(raw: Mapping[str, RawOutput]) -> Said | None:
    """None where nothing says so."""
    for name in _CONFIGURATIONS:
        text = raw[name].stdout if name in raw else ""
        for pattern in _SAID:
            found = pattern.search(text)
            if found:
                return Said(found["at"], found.groupdict().get("by") or "", name == "startup_config")
    return None


def told_by_device(raw: Mapping[str, RawOutput]) -> str:
    """``configuration changed at 10:31:02 UTC Mon Nov 23 2026 by alice``; empty where nothing says so."""
    said = said_by_device(raw)
    return said.text() if said is not None else ""


def told_by_files(files: Mapping[str, Mapping[str, Any]], since: str = "") -> list[str]:
    """When each file of saved rules was written, the latest first. ``files``: path -> ``{changed, owner}``. ``since``:
    what was written before that moment (ISO 8601), as far as clocks may differ, is left out."""
    begin = _seconds(since) - CLOCKS_DIFFER if since else 0.0
    dated = sorted(((entry["changed"], path, entry["owner"]) for path, entry in files.items()), reverse=True)
    return [
        f"{path} was written {clock(changed)} (owner {owner})"
        for changed, path, owner in dated
        if changed >= begin
    ]


def _seconds(at: str) -> float:
    return datetime.fromisoformat(at.replace("Z", "+00:00")).timestamp()


def clock(seconds: float) -> str:
    """``2026-11-23 04:29:13 UTC``."""
    return datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%d %H:%M:%S UTC")


def moment(at: str) -> str:
    """An ISO 8601 moment as ``clock`` writes it; as it is, where it is none."""
    try:
        return clock(_seconds(at))
    except ValueError:
        return at
