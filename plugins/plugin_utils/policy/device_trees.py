# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lines that undo a change of one rule of a device whose configuration is a tree.

Junos CLI User Guide ("delete", "set", "insert"); VyOS documentation ("Command Line Interface"); Palo Alto Networks,
PAN-OS CLI Quick Start ("Modify the configuration": set, delete, move); Fortinet, FortiOS CLI Reference ("config",
"edit", "move", "delete", "unset"). A rule that is gone may just be switched off, so it is made anew, or switched on.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from ..analyse.undo import Change
from ..model.rules import Rule
from ..model.state import State
from .neighbours import follower

_TOKEN = re.compile(r'"[^"]*"|[{};]|[^\s{};"]+')
_CUT_SHORT = re.compile(r"; and \d+ more(?: }|$)")
_JUNOS_RULE = re.compile(r'(term|policy) ("[^"]*"|\S+) ')
_ZONES = re.compile(r"from-zone \S+ to-zone \S+")
# A filter outside of any family, see parse/config/junos_filter.py.
_WITHOUT_FAMILY = "firewall filter"
_FILTERS = {"ip": "inet", "ip6": "inet6"}
_NAME = re.compile(r"[\w.-]+")
_VYOS_HOOK = re.compile(r"ipv[46]/(?:forward|input|output|prerouting)/\w+")
_PANOS_RULE = re.compile(r'(rulebase security rules ("[^"]*"|\S+)) (.+)')
_FORTIOS_TABLE = re.compile(r"firewall (?:policy6?|consolidated policy)")
_SETTING = re.compile(r'set \S+(?: (?:"[^"]*"|[^\s"]+))+')
_FORTIOS_RULE = re.compile(r"edit (\d+)")


def junos(change: Change, before: State, now: State) -> tuple[str, ...]:
    old, new = (side[0] if side else None for side in (change.before, change.after))
    above = _above(change.key, now)
    rules = [_JUNOS_RULE.match(rule.text) for rule in (old, new) if rule is not None]
    if (
        not above
        or None in rules
        or any(_CUT_SHORT.search(rule.text) for rule in (old, new) if rule is not None)
    ):
        return ()
    if old is None:
        return (f"delete {above} {_head(new)}",)
    places = dict.fromkeys(f"{above} {_head(rule)}" for rule in (new, old) if rule is not None)
    lines = [f"delete {place}" for place in places]
    lines += [f"set {above} {' '.join(words)}" for words in _statements(old.text)]
    behind = _behind(change, old, before, now)
    if behind is not None and _JUNOS_RULE.match(behind.text):
        lines.append(f"insert {above} {_head(old)} before {_head(behind)}")
    return tuple(lines)


def _above(key: str, state: State) -> str:
    """Where in a configuration the rules of a ruleset are; empty where that is not known."""
    family = state.rulesets[key].family if key in state.rulesets else ""
    if _ZONES.fullmatch(key):
        return f"security policies {key}"
    if family not in _FILTERS or not _NAME.fullmatch(key):
        return ""
    if f"{_WITHOUT_FAMILY} {key}" in state.sets:
        return f"firewall filter {key}"
    return f"firewall family {_FILTERS[family]} filter {key}"


def _head(rule: Rule | None) -> str:
    """``term a``, ``policy p``."""
    found = _JUNOS_RULE.match(rule.text) if rule is not None else None
    return f"{found[1]} {found[2]}" if found is not None else ""


def _statements(text: str) -> list[list[str]]:
    """``term a { from { protocol tcp; source-port 1 }; then accept }`` as the words of each statement."""
    found: list[list[str]] = []
    around: list[list[str]] = []
    words: list[str] = []

    def say() -> None:
        if words:
            found.append([word for outer in around for word in outer] + words)

    for part in _TOKEN.findall(text):
        if part == "{":
            around.append(words)
        elif part in (";", "}"):
            say()
            if part == "}" and around:
                around.pop()
        else:
            words = [*words, part]
            continue
        words = []
    say()
    return found


def _behind(change: Change, old: Rule, before: State, now: State) -> Rule | None:
    """The rule that the old one is to stand before; None where it comes last."""
    return follower(change, old, before, now)


def vyos(change: Change, _before: State, now: State) -> tuple[str, ...]:
    """Rules stand by their numbers. A number that is another rule's now is left alone."""
    old, new = (side[0] if side else None for side in (change.before, change.after))
    above = _vyos_above(change.key, now)
    rules = [rule for rule in (old, new) if rule is not None]
    if not above or any(not rule.text.startswith(f"rule {rule.line}: ") for rule in rules):
        return ()
    others = [rule.line for rule in now.rulesets[change.key].rules if rule is not new]
    if old is None or old.line in others:
        return () if old is not None or new is None else (f"delete {above} rule {new.line}",)
    places = dict.fromkeys(f"delete {above} rule {rule.line}" for rule in (new, old) if rule is not None)
    said = old.text.partition(": ")[2].split("; ")
    if any(words.count("'") % 2 for words in said):
        return ()  # a value holds what parts them
    return (*places, *(f"set {above} rule {old.line} {words}" for words in said))


def _vyos_above(key: str, state: State) -> str:
    """The words before ``rule``: named sets stand below the family since VyOS 1.4."""
    if _VYOS_HOOK.fullmatch(key):
        return f"firewall {key.replace('/', ' ')}"
    family = state.rulesets[key].family if key in state.rulesets else ""
    if family not in _FILTERS or not _NAME.fullmatch(key):
        return ""
    version = "ipv4" if family == "ip" else "ipv6"
    if any(_VYOS_HOOK.fullmatch(name) for name in state.rulesets):
        return f"firewall {version} name {key}"
    if any(re.fullmatch(r"ipv[46]/interfaces/\w+", name) for name in state.rulesets):
        return f"firewall {'name' if version == 'ipv4' else 'ipv6-name'} {key}"
    return ""


def panos(change: Change, before: State, now: State) -> tuple[str, ...]:
    old, new = (
        _PANOS_RULE.fullmatch(side[0].text) if side else None for side in (change.before, change.after)
    )
    if bool(old) != bool(change.before) or bool(new) != bool(change.after):
        return ()
    lines = [f"delete {new[1]}"] if new is not None else []
    if old is not None:
        said = old[3] if re.search(r"\bdisabled\b", old[3]) else f"{old[3]} disabled no"
        lines.append(f"set {old[1]} {said}")
        behind = _behind(change, change.before[0], before, now)
        found = _PANOS_RULE.fullmatch(behind.text) if behind is not None else None
        if found is not None:
            lines.append(f"move {old[1]} before {found[2]}")
    return tuple(lines)


def fortios(change: Change, before: State, now: State) -> tuple[str, ...]:
    """Policies of one VDOM; of several, the ruleset's name begins with its VDOM's, and where to type is not known."""
    old, new = (side[0].text.split("; ") if side else [] for side in (change.before, change.after))
    edits = [_FORTIOS_RULE.fullmatch(lines[0]) for lines in (old, new) if lines]
    if not _FORTIOS_TABLE.fullmatch(change.key) or None in edits:
        return ()
    if not all(_SETTING.fullmatch(line) for lines in (old[1:], new[1:]) for line in lines):
        return ()
    lines = [f"config {change.key}"]
    if new and (not old or old[0] != new[0]):
        lines.append(f"delete {new[0].split()[1]}")
    if old:
        lines += [old[0], *_settings(old, new if new and new[0] == old[0] else []), "next"]
        behind = _behind(change, change.before[0], before, now)
        found = _FORTIOS_RULE.match(behind.text) if behind is not None else None
        if found is not None and (not new or old[0] != new[0]):
            lines.append(f"move {old[0].split()[1]} before {found[1]}")
    return (*lines, "end")


def _settings(old: Sequence[str], new: Sequence[str]) -> list[str]:
    """Those that differ; all of a policy that is not there."""
    said = {line.split()[1]: line for line in old[1:]}
    taken = [line.split()[1] for line in new[1:] if line.split()[1] not in said]
    lines = [f"unset {key}" for key in taken]
    lines += [line for line in said.values() if line not in new]
    return lines if new or "status" in said else [*lines, "set status enable"]
