# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lines that undo a change of what binds a list to an interface.

Cisco IOS Security Command Reference ("ip access-group": one list a direction; "ipv6 traffic-filter"), NX-OS and EOS
alike; IOS XR ("ipv4 access-group"); ASA Command Reference ("access-group": one a direction, the last one stands);
Junos Routing Policies, Firewall Filters, and Traffic Policers User Guide ("filter (Configuring)").
"""

from __future__ import annotations

import re

from ..analyse.undo import Change
from ..model.match import All, Match, Named
from ..model.rules import Rule
from ..model.state import State

BINDINGS = "interfaces/"
_PORT = re.compile(
    r"(?:ip|ipv4|ipv6) (?:port )?(?:access-group|traffic-filter) \S+(?: (?:in|out|ingress|egress))?"
)
_ASA = re.compile(r"access-group \S+ (?:in|out) interface \S+|access-group \S+ global")
_JUNOS = re.compile(r"filter (?:input|output) \S+")
_UNIT = re.compile(r"([\w/:-]+)\.(\d+)")
_FAMILY = {"ipv4": "inet", "ipv6": "inet6"}


def port(change: Change, _before: State, _now: State) -> tuple[str, ...]:
    sides = [side[0] if side else None for side in (change.before, change.after)]
    names = {interface_of(rule) for rule in sides if rule is not None}
    if not _is_binding(change, _PORT) or len(names) != 1 or None in names:
        return ()
    old, new = sides
    lines = [f"no {new.text.strip()}"] if new is not None else []
    lines += [old.text.strip()] if old is not None else []
    return (f"interface {names.pop()}", *lines)


def asa(change: Change, _before: State, _now: State) -> tuple[str, ...]:
    if not _is_binding(change, _ASA):
        return ()
    old, new = (side[0].text.strip() if side else "" for side in (change.before, change.after))
    return (old,) if old else (f"no {new}",)


def junos(change: Change, _before: State, _now: State) -> tuple[str, ...]:
    sides = [side[0] if side else None for side in (change.before, change.after)]
    places = {_unit(rule) for rule in sides if rule is not None}
    if not _is_binding(change, _JUNOS) or len(places) != 1 or None in places:
        return ()
    old, new = sides
    place = places.pop()
    lines = [f"delete {place} {new.text.strip()}"] if new is not None else []
    lines += [f"set {place} {old.text.strip()}"] if old is not None else []
    return tuple(lines)


def _is_binding(change: Change, pattern: re.Pattern[str]) -> bool:
    rules = [*change.before, *change.after]
    return change.key.startswith(BINDINGS) and all(pattern.fullmatch(rule.text.strip()) for rule in rules)


def _named(match: Match, field: str) -> str | None:
    """The one name that a match asks for, where it asks for one."""
    parts = match.matches if isinstance(match, All) else (match,)
    found = [part.names for part in parts if isinstance(part, Named) and part.field == field]
    return found[0][0] if len(found) == 1 and len(found[0]) == 1 else None


def interface_of(rule: Rule) -> str | None:
    """The one interface that a rule asks for, as a binding does."""
    return _named(rule.match, "in_interface") or _named(rule.match, "out_interface")


def _unit(rule: Rule) -> str | None:
    """``interfaces ge-0/0/0 unit 0 family inet``."""
    found = _UNIT.fullmatch(interface_of(rule) or "")
    family = _FAMILY.get(_named(rule.match, "family") or "")
    return f"interfaces {found[1]} unit {found[2]} family {family}" if found and family else None
