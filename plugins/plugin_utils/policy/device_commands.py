# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lines that undo a change of one rule of a device, to be typed at its prompt.

Given only where they say all that was there and are few, and only for rules that a line of the configuration makes.
What a rule names (a group, an object) is not put back by them: where a rule's own text is as it was, there are none.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ..analyse.rulechanges import ADDED, CHANGED, REMOVED
from ..analyse.undo import Change
from ..model.rules import Rule
from ..model.state import State
from . import device_bindings, device_entries, device_trees

# More than that nobody reads before it is typed; a longer line is none that a person can check.
_MOST, _LONGEST = 24, 300
Lines = tuple[str, ...]
Undo = Callable[[Change, State, State], Lines]

# How a configuration is entered and left, by platform.
_AROUND: Mapping[str, tuple[Lines, Lines]] = {
    "cisco_ios": (("configure terminal",), ()),
    "cisco_nxos": (("configure terminal",), ()),
    "arista_eos": (("configure terminal",), ()),
    "cisco_asa": (("configure terminal",), ()),
    "cisco_xr": (("configure",), ("commit",)),
    "juniper_junos": (("configure",), ("commit",)),
    "vyos": (("configure",), ("commit",)),
    "paloalto_panos": (("configure",), ("commit",)),
    "fortinet": ((), ()),
}
# Platform -> what undoes a change of a rule, the first that knows how.
_UNDO: Mapping[str, tuple[Undo, ...]] = {
    **dict.fromkeys(
        ("cisco_ios", "cisco_nxos", "arista_eos", "cisco_xr"), (device_bindings.port, device_entries.numbered)
    ),
    "cisco_asa": (device_bindings.asa, device_entries.asa),
    "juniper_junos": (device_bindings.junos, device_trees.junos),
    "vyos": (device_trees.vyos,),
    "paloalto_panos": (device_trees.panos,),
    "fortinet": (device_trees.fortios,),
}


def commands_of(change: Change, before: State, now: State) -> Lines:
    """Empty where it is not known how."""
    if change.kind not in (ADDED, REMOVED, CHANGED) or not _said(change):
        return ()
    found: Lines = next(
        (lines for undo in _UNDO.get(now.platform, ()) if (lines := undo(change, before, now))), ()
    )
    if not found or len(found) > _MOST or any(len(line) > _LONGEST or "\n" in line for line in found):
        return ()
    opening, closing = _AROUND[now.platform]
    return (*opening, *found, *closing)


def _said(change: Change) -> bool:
    """Whether the change is one of the rule's own text, and each side of it one rule that a line makes."""
    texts = [[rule.text.strip() for rule in side] for side in (change.before, change.after)]
    rules: list[Rule] = [*change.before, *change.after]
    return texts[0] != texts[1] and all(rule.line is not None for rule in rules)
