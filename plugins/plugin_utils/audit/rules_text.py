# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A state's rules as lines for `git log -p`: one a rule, in their order, without anything that changes by itself.

A rule has no number: one that is put in between leaves the lines of the others as they are.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from ..analyse.rulechanges import settled
from ..model.rules import Rule, Ruleset
from ..model.state import NamedSet, State
from ..render.clean import clean

_INDENT = "    "
# How rules of nft and iptables are counted through. VyOS numbers its own, and those stay.
_COUNTED = re.compile(r" rule \d+$")


def rules_text(state: State) -> str:
    return "".join(f"{line}\n" for line in _lines(state))


def _lines(state: State) -> Iterator[str]:
    if not state.firewall_known:
        yield "the rules could not be read"
    for key, ruleset in sorted(state.rulesets.items()):
        yield f"ruleset {clean(key)}{_place(ruleset)}"
        yield from _rules(ruleset.rules)
        yield f"{_INDENT}default: {ruleset.default_action}"
        yield ""
    for key, chain in sorted(state.chains.items()):
        yield f"chain {clean(key)}"
        yield from _rules(chain.rules)
        yield ""
    for key, named in sorted(state.sets.items()):
        yield f"set {clean(key)}{_kind(named)}"
        yield from sorted(_members(named))
        yield ""
    for item in state.not_understood:
        where = _COUNTED.sub("", item["where"]) if state.platform == "linux" else item["where"]
        yield clean(f"not understood: {where}: {item.get('text', '')} ({item['reason']})")
    for item in state.unreadable:
        yield clean(f"unreadable: {item['what']}: {item['reason']}")


def _place(ruleset: Ruleset) -> str:
    """Where it is asked, if packets come to it by a hook of the kernel."""
    return f" ({ruleset.type}, {ruleset.hook}, priority {ruleset.priority})" if ruleset.hook else ""


def _rules(rules: Iterable[Rule]) -> Iterator[str]:
    """Several of the model's rules may be one of the host's."""
    before: Rule | None = None
    for rule in rules:
        if before is None or before.position != rule.position or before.text != rule.text:
            yield _INDENT + clean(settled(rule.text)).strip()
        before = rule


def _kind(named: NamedSet) -> str:
    words = [", ".join(named.fields)]
    if named.dynamic:
        words.append("its members come and go")
    if not named.complete:
        words.append("its members could not be read")
    return f" ({'; '.join(words)})"


def _members(named: NamedSet) -> Iterator[str]:
    if named.dynamic:
        return
    leaving = set(named.expiring)
    elements = named.to_dict()["elements"]
    for index, element in enumerate(elements):
        if index in leaving:
            continue
        line = " . ".join(map(str, element))
        if named.verdicts is not None:
            verdict = named.verdicts[index]
            line += f": {verdict.kind} {verdict.chain}".rstrip()
        elif named.data is not None:
            line += f": {named.data[index]}"
        yield _INDENT + clean(line)
