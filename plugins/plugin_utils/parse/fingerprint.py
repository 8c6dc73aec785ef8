# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A fingerprint of a host's rules: equal if and only if the rules and sets are.

Left out: counters, handles, quotas used, and what packets or time change by themselves (members that time
out, members of sets that rules add to). Rules of programs that rewrite theirs at run time are in
``dynamic``, all others in ``static``. The order of rules counts, the order of tables does not.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence

from ...module_utils.checkpoint.owners import OWNERS, Owned
from ..model.rules import Chain, Rule, Ruleset, Verdict
from ..model.state import NamedSet, State

# Strings come first, so that a comment keeps all its words.
_CHANGING = re.compile(r'("(?:\\.|[^"\\])*")|\bcounter packets \d+ bytes \d+| used \d+ \w+|\bexpires \S+')
_TELLTALES = ("packets", "used", "expires")
_OWNED = Owned(OWNERS)


def of(state: State) -> dict[str, str]:
    """``{"static": sha256, "dynamic": sha256}`` in hex; nothing while the rules are not known."""
    if not state.firewall_known:
        return {}
    static: list[str] = []
    dynamic: list[str] = []
    chains: list[Ruleset | Chain] = [*state.rulesets.values(), *state.chains.values()]
    for item in chains:
        _rules(item, static, dynamic)
    for named in state.sets.values():
        parts = named.key.split("/")
        owner = _OWNED.set(parts[-1]) or (_OWNED.table(parts[1]) if len(parts) == 3 else "")
        (dynamic if owner else static).append(_digest(_members(named)))
    return {"static": _digest(sorted(static)), "dynamic": _digest(sorted(dynamic))}


def _rules(item: Ruleset | Chain, static: list[str], dynamic: list[str]) -> None:
    parts = item.key.split("/")
    place = [item.key]
    if isinstance(item, Ruleset):
        place.append(f"{item.hook} {item.priority} {item.type} {item.default_action}")
    if _OWNED.chain(parts[-1]) or (len(parts) == 3 and _OWNED.table(parts[1])):
        dynamic.append(_digest([*place, *(_lasting(rule) for rule in item.rules)]))
        return
    ours: list[str] = []
    theirs: list[str] = []
    before: Rule | None = None
    for rule in item.rules:
        if before is None or before.position != rule.position:
            line = _lasting(rule)
            (theirs if _OWNED.rule(line) else ours).append(line)
        before = rule
    static.append(_digest([*place, *ours]))
    if theirs:
        dynamic.append(_digest([item.key, *theirs]))


def _lasting(rule: Rule) -> str:
    """A rule's text without what packets change in it."""
    line = rule.text
    return _CHANGING.sub(r"\1", line) if any(word in line for word in _TELLTALES) else line


def _members(named: NamedSet) -> list[str]:
    found = [f"{named.key} {named.fields} {named.complete} {named.dynamic}"]
    if named.dynamic:
        return found
    leaving = set(named.expiring)
    values: Sequence[Verdict | str] = named.verdicts or named.data or []
    members = (
        f"{element!r} {values[index] if index < len(values) else ''}"
        for index, element in enumerate(named.elements)
        if index not in leaving
    )
    return found + sorted(members)


def _digest(lines: Iterable[str]) -> str:
    digest = hashlib.sha256("\n".join(lines).encode("utf-8", "surrogatepass"))
    return digest.hexdigest()
