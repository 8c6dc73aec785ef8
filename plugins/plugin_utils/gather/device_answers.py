# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a device says instead of an answer: there is no exit status in a terminal.

Sources: Cisco IOS Configuration Fundamentals Configuration Guide, "CLI Error Messages"; Cisco Nexus 9000 NX-OS
Fundamentals Configuration Guide; Cisco ASA CLI Book 1, "Using the Command-Line Interface"; Junos CLI User Guide; PAN-OS
CLI Quick Start; FortiOS CLI Reference; VyOS User Guide.
"""

from __future__ import annotations

import re

# Refusals for want of rights. EOS: "% Invalid input (privileged mode required)".
_RIGHTS = re.compile(
    r"authorization (?:failed|denied)|not authorized|permission denied|privileged mode required|access denied|"
    r"insufficient privilege|do not have permission",
    re.IGNORECASE,
)
# At the beginning of a line. The last ones: Junos; PAN-OS; FortiOS; VyOS; a shell.
_REFUSAL = re.compile(
    r"(?:ERROR: ?)?% ?[A-Za-z]|%Error|ERROR: |Command authorization failed|Error: "
    r"|error: |unknown command|syntax error"
    r"|Invalid syntax|Unknown command:|Server error"
    r"|Unknown action|Command fail\.|command parse error"
    r"|Invalid command:|Permission denied"
    r"|\S*sh: .*not found|.*: command not found"
)
_HIDDEN = "/* ACCESS-DENIED */"
_NO_PACKETS = frozenset({"system", "event-options", "snmp", "access", "accounting-options"})
# How many lines from the beginning, and from the end, can be a refusal: an answer may break off with one.
_FIRST, _FINAL = 4, 2


def refusal(text: str) -> str:
    """The line by which the device refuses, or breaks off; empty where it answers."""
    lines = [line.strip() for line in text.splitlines() if line.strip(" ^\t\r")]
    for line in [*lines[:_FIRST], *lines[_FIRST:][-_FINAL:]]:
        if _REFUSAL.match(line):
            return line[:200]
    return ""


def hidden_part(text: str) -> str:
    """The part of a Junos configuration, of those that may be about packets, in which something is kept from this
    login; empty if there is none (Junos User Access and Authentication Guide, "view-configuration": it shows all but
    secrets, scripts and event options)."""
    part = ""
    for line in text.splitlines():
        if line[:1].isalpha():
            part = line.split()[0]
        if _HIDDEN in line and part not in _NO_PACKETS:
            return part or "configuration"
    return ""


def for_want_of_rights(said: str) -> bool:
    return bool(_RIGHTS.search(said))
