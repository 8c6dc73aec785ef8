# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lines that undo a change of one entry of an access list.

By the numbers that entries have: Cisco IOS Security Configuration Guide ("IP Access List Entry Sequence Numbering"),
Cisco NX-OS Security Configuration Guide ("Configuring IP ACLs"), Arista EOS User Manual ("ACLs and Route Maps"), Cisco
IOS XR IP Addresses and Services Configuration Guide ("Sequencing Access-List Entries"). Given only where the entry
shows its number, and that number is nobody else's now. Of ASA: Command Reference, "access-list extended" (``line``).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from ..analyse.undo import Change
from ..model.rules import Rule
from ..model.state import State
from .neighbours import follower, rules_of

_ENTRY = re.compile(r"(\d+) (?:permit|deny) (\S+)")
# An entry of a standard list has no protocol: an address comes at once.
_ADDRESS = re.compile(r"any|host|\d+\.\d+\.\d+\.\d+(?:/\d+)?")
_ASA_SETTINGS = re.compile(r"(?: log\b.*| inactive| time-range \S+)+$")
_ASA = re.compile(r"access-list (\S+) (?:line \d+ )?((?:extended|standard) .+)")


def _of_ios(name: str, family: str, standard: bool) -> str:
    """The lists of IPv6 write their numbers at the end, and are left out."""
    return f"ip access-list {'standard' if standard else 'extended'} {name}" if family == "ip" else ""


def _of_eos(name: str, family: str, standard: bool) -> str:
    return f"{_FAMILY[family]} access-list {'standard ' if standard else ''}{name}"


def _of_nxos(name: str, family: str, _standard: bool) -> str:
    return f"{_FAMILY[family]} access-list {name}"


def _of_xr(name: str, family: str, _standard: bool) -> str:
    return f"{_VERSION[family]} access-list {name}"


_FAMILY = {"ip": "ip", "ip6": "ipv6"}
_VERSION = {"ip": "ipv4", "ip6": "ipv6"}
# EOS changes a list when its mode is left ("group-change mode"), not before.
_CLOSED = {"arista_eos": ("exit",)}
# Platform -> how a list is opened for editing.
_LISTS: Mapping[str, Callable[[str, str, bool], str]] = {
    "cisco_ios": _of_ios,
    "cisco_nxos": _of_nxos,
    "arista_eos": _of_eos,
    "cisco_xr": _of_xr,
}


def numbered(change: Change, _before: State, now: State) -> tuple[str, ...]:
    ruleset = now.rulesets.get(change.key)
    if ruleset is None or ruleset.family not in _FAMILY or ruleset.hook:
        return ()
    old, new = (side[0] if side else None for side in (change.before, change.after))
    shown = [rule for rule in (old, new) if rule is not None]
    if not all(_numbered(rule) for rule in shown):
        return ()
    mine = new.text if new is not None else ""
    if old is not None and any(rule.line == old.line and rule.text != mine for rule in ruleset.rules):
        return ()
    opened = _LISTS[now.platform](change.key, ruleset.family, _standard(shown[0]))
    lines = [f"no {new.line}"] if new is not None else []
    lines += [old.text.strip()] if old is not None else []
    return (opened, *lines, *_CLOSED.get(now.platform, ())) if opened else ()


def _numbered(rule: Rule) -> bool:
    found = _ENTRY.match(rule.text.strip())
    return found is not None and rule.line is not None and int(found[1]) == rule.line


def _standard(rule: Rule) -> bool:
    found = _ENTRY.match(rule.text.strip())
    return found is not None and _ADDRESS.fullmatch(found[2]) is not None


def asa(change: Change, before: State, now: State) -> tuple[str, ...]:
    """The old entry comes back before the new one goes: with its last entry a list is gone, and what binds it, too."""
    rules = rules_of(change.key, now)
    old, new = (
        _ASA.fullmatch(side[0].text.strip()) if side else None for side in (change.before, change.after)
    )
    if bool(old) != bool(change.before) or bool(new) != bool(change.after) or not rules:
        return ()
    # An entry that differs in its settings alone is the same one, to which they are given anew.
    if old is not None and new is not None and _bare(old[2]) == _bare(new[2]):
        return (f"access-list {old[1]} {old[2]}",)
    lines = []
    if old is not None:
        after = change.after[0] if change.after else follower(change, change.before[0], before, now)
        place = f"line {after.line} " if after is not None else ""
        lines.append(f"access-list {old[1]} {place}{old[2]}")
    elif len(rules) == 1:
        return ()
    if new is not None:
        lines.append(f"no access-list {new[1]} {new[2]}")
    return tuple(lines)


def _bare(entry: str) -> str:
    return _ASA_SETTINGS.sub("", entry)
