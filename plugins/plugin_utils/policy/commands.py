# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The commands that undo a change of a host's rules, for a person on its console.

By nft(8), iptables(8) and ipset(8). Given only where they say all that was there, and are not too long to be read
before they are run; what a program has made is undone by that program.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Collection, Mapping

from ..analyse.rulechanges import ADDED, CHANGED, MOVED, REMOVED, changes_between, settled
from ..analyse.rulediff import set_diff
from ..analyse.undo import DEFAULT_ACTION, MEMBERS, Change
from ..model.rules import Rule, Ruleset
from ..model.state import NamedSet, State
from . import device_commands
from .neighbours import follower, rules_of

_NFT = frozenset(("ip", "ip6", "inet", "arp", "bridge", "netdev"))
# What the kernel keeps for iptables-nft must not be changed with the tool of the other variant.
_TABLES = {
    "iptables": "iptables-nft",
    "ip6tables": "ip6tables-nft",
    "iptables-legacy": "iptables-legacy",
    "ip6tables-legacy": "ip6tables-legacy",
}
_POLICIES = {"permit": "accept", "deny": "drop"}
# iptables-save(8) puts words with blanks between double quotes, and a backslash before quotes and backslashes.
_WORD = re.compile(r'"((?:\\.|[^"\\])*)"|(\S+)')
_LONGEST = 240
_MOST = 3
# nft shows matches of iptables' own modules as a comment, or by a name, and reads neither; JSON is in a text that was
# made from it.
_STRING = re.compile(r'(?<!\{)"[^"]*"')
_UNREADABLE = re.compile(r'#|\bxt (match|target|watcher)\b|\{"')

Commands = tuple[str, ...]


def commands_of(change: Change, before: State, now: State) -> Commands:
    """None where it is not known how, or where it would take more than a few."""
    if now.platform != "linux":
        return device_commands.commands_of(change, before, now)
    if change.kind not in _UNDO or _is_managed(change):
        return ()
    found = _UNDO[change.kind](change, before, now)
    return found if len(found) <= _MOST and all(len(item) <= _LONGEST for item in found) else ()


def _is_managed(change: Change) -> bool:
    return any(
        isinstance(item, (Rule, Ruleset, NamedSet)) and item.managed_by
        for side in (change.before, change.after)
        for item in (side if isinstance(side, tuple) else (side,))
    )


def _rules(change: Change, before: State, now: State) -> Commands:
    family, _slash, rest = change.key.partition("/")
    table, _slash, chain = map(shlex.quote, rest.partition("/"))
    if family in _NFT:
        return _of_nft(change, f"{family} {table} {chain}", before, now)
    if family in _TABLES:
        return _of_iptables(change, f"{_TABLES[family]} -t {table}", chain, before, now)
    return ()


def _of_nft(change: Change, chain: str, before: State, now: State) -> Commands:
    old, new = (side[0] if side else None for side in (change.before, change.after))
    text = settled(old.text).strip() if old is not None else ""
    if _UNREADABLE.search(_STRING.sub('""', text)) or (new is not None and new.handle is None):
        return ()
    away = (f"nft delete rule {chain} handle {new.handle}",) if new is not None else ()
    if old is None:
        return away
    if change.kind == CHANGED and new is not None:
        return (f"nft replace rule {chain} handle {new.handle} {shlex.quote(text)}",)
    if not _is_there(change.key, now) or not _is_alone(change, before, now, (REMOVED, MOVED)):
        return ()
    after = follower(change, old, before, now)
    where = f"add rule {chain}" if after is None else f"insert rule {chain} handle {after.handle}"
    return (f"nft {where} {shlex.quote(text)}", *away)


def _of_iptables(change: Change, tool: str, chain: str, before: State, now: State) -> Commands:
    old, new = (side[0] if side else None for side in (change.before, change.after))
    if change.kind == MOVED or (old is not None and not _is_there(change.key, now)):
        return ()
    if old is None:
        return (f"{tool} -D {chain} {_arguments(new)}",) if new is not None else ()
    if not _is_alone(change, before, now, (ADDED, REMOVED, CHANGED, MOVED)):
        return ()
    if new is not None:
        return (f"{tool} -R {chain} {new.line} {_arguments(old)}",)
    after = follower(change, old, before, now)
    where = f"-A {chain}" if after is None else f"-I {chain} {after.line}"
    return (f"{tool} {where} {_arguments(old)}",)


def _arguments(rule: Rule) -> str:
    """Without ``-A CHAIN``, quoted anew: a comment may hold what a shell would run."""
    words = [
        re.sub(r"\\(.)", r"\1", quoted) if quoted else plain
        for quoted, plain in _WORD.findall(settled(rule.text))
    ]
    return shlex.join(words[2:])


def _is_there(key: str, state: State) -> bool:
    return key in state.rulesets or key in state.chains


def _is_alone(change: Change, before: State, now: State, kinds: Collection[str]) -> bool:
    """Whether no other change of these kinds is in the chain: the place that a command names would be another then."""
    changes = changes_between(rules_of(change.key, before), rules_of(change.key, now)).changes
    return sum(one.kind in kinds for one in changes) == 1


def _default_action(change: Change, _before: State, _now: State) -> Commands:
    """A base chain that is new is as if it were not there when it accepts."""
    family, _slash, rest = change.key.partition("/")
    table, _slash, chain = rest.partition("/")
    if change.after is None:
        return ()
    action = _POLICIES[change.before.default_action if change.before is not None else "permit"]
    if family in _NFT:
        words = f"chain {family} {table} {chain} {{ policy {action}; }}"
        return (f"nft {shlex.quote(words)}",)
    return (
        (f"{_TABLES[family]} -t {table} -P {shlex.quote(chain)} {action.upper()}",)
        if family in _TABLES
        else ()
    )


def _members(change: Change, _before: State, _now: State) -> Commands:
    """Members that are gone are added; those that came are deleted where they are elements of their own."""
    old, new = change.before, change.after
    entry = next(set_diff(old, new), None)
    if entry is None or entry["more"] or old.is_map or old.dynamic or old.expiring:
        return ()
    gone, come = entry["removed"], entry["added"]
    elements = {" . ".join(element) for element in new.to_dict()["elements"]}
    if not elements.issuperset(come):
        return ()
    family, _slash, name = change.key.partition("/")
    if family == "ipset":
        if len(old.fields) != 1:
            return ()
        return tuple(
            shlex.join(("ipset", verb, name, member))
            for verb, members in (("del", come), ("add", gone))
            for member in members
        )
    place = shlex.join((family, *name.split("/")))
    return tuple(
        f"nft {verb} element {place} {shlex.quote('{ ' + ', '.join(members) + ' }')}"
        for verb, members in (("delete", come), ("add", gone))
        if members
    )


_UNDO: Mapping[str, Callable[[Change, State, State], Commands]] = {
    **dict.fromkeys((ADDED, REMOVED, CHANGED, MOVED), _rules),
    DEFAULT_ACTION: _default_action,
    MEMBERS: _members,
}
