# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules that run and rules that were saved, each as lines by place, so that they can be compared.

Both come from the same tool on the same host, so equal rules have equal words. Left out: counters, handles,
what dynamic owners add, what packets change in sets.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping

from ...module_utils.checkpoint.host import AgentError
from ...module_utils.checkpoint.nft import nft_canonical, read_nft
from ...module_utils.checkpoint.owners import OWNERS, Owned, without_strings
from ..errors import ParseError
from ..model.match import ALWAYS
from ..model.rules import CONTINUE, Chain, Rule, Ruleset, Verdict
from ..model.state import State
from . import iptables, managers

# Place (``inet/filter``, ``filter/INPUT``) -> its lines.
Lines = dict[str, list[str]]

_OWNED = Owned(OWNERS)
_TARGET = re.compile(r" -[jg] (\S+)")
_HANDLE = re.compile(r" # handle \d+$", re.MULTILINE)
_POLICIES = {"permit": "ACCEPT", "deny": "DROP"}
_LONGEST = 120


def nft_tables(listing: str) -> Lines:
    """The administrator's tables of ``nft list ruleset``, also with ``-a``. ParseError for other text."""
    try:
        tables = read_nft(_HANDLE.sub("", listing))
    except AgentError as error:
        raise ParseError(error.what, "nft list ruleset", error.todo) from None
    found: Lines = {}
    for table in tables:
        if managers.of_table(table.name):
            continue
        static = nft_canonical(table, _OWNED)[0]
        if static:
            found[f"{table.family}/{table.name}"] = static.split("\n")
    return found


def saved_tables(text: str, backend: str) -> State:
    """The chains of an iptables-save text, each rule with its words and where it leads. ParseError for other text.

    What rules match is left out: to read that takes longer than all else, and equal rules have equal words.
    """
    state = State("saved")
    for table in iptables.tables(text, f"{backend}-save", iptables.IptablesRules()):
        place = f"{backend}/{table.name}"
        for name, lines in table.rules.items():
            key = f"{place}/{name}"
            rules = [_rule(number, line, place, table.policies) for number, line in enumerate(lines, 1)]
            policy = table.policies[name]
            if policy == "-":
                state.chains[key] = Chain(key, rules)
            else:
                action = "deny" if policy == "DROP" else "permit"
                state.rulesets[key] = Ruleset(key, backend, "", name.lower(), 0, action, rules=rules)
    managers.mark(state)
    return state


def _rule(number: int, line: str, place: str, chains: Collection[str]) -> Rule:
    target = _TARGET.search(without_strings(line))
    leads = Verdict("jump", f"{place}/{target[1]}") if target and target[1] in chains else CONTINUE
    return Rule(number, ALWAYS, leads, line, comment="marked" if " --comment " in line else "")


def chains_of(state: State, backend: str, manager: str = "") -> Lines:
    """The rules and default actions of one manager, or the administrator's, by ``table/CHAIN``.

    A chain without any is left out, and so is a built-in one that accepts and has none.
    """
    found: Lines = {}
    for key, chain in chains_in(state, backend):
        lines = [rule.text for rule in single(chain.rules) if rule.managed_by == manager]
        if isinstance(chain, Ruleset) and chain.managed_by == manager and chain.default_action != "permit":
            lines.insert(0, f"policy {_POLICIES[chain.default_action]}")
        if lines:
            found[key] = lines
    return found


def without_idle_jumps(lines: Lines) -> Lines:
    """Less the rules that lead to chains without any rule, again and again: they do nothing."""
    left = {place: list(rules) for place, rules in lines.items()}
    changed = True
    while changed:
        changed = False
        for place in list(left):
            table = place.partition("/")[0]
            kept = [rule for rule in left[place] if not _idle(rule, table, left)]
            changed = changed or len(kept) < len(left[place])
            left[place] = kept
            if not kept:
                del left[place]
    return left


def _idle(rule: str, table: str, lines: Lines) -> bool:
    target = _TARGET.search(without_strings(rule))
    # A target in lower case is no chain of the kernel's own, such as ACCEPT.
    return target is not None and not target[1].isupper() and f"{table}/{target[1]}" not in lines


def chains_in(state: State, backend: str) -> Iterable[tuple[str, Chain | Ruleset]]:
    chains: list[tuple[str, Chain | Ruleset]] = [*state.rulesets.items(), *state.chains.items()]
    for key, chain in chains:
        name, _slash, place = key.partition("/")
        if name == backend:
            yield place, chain


def single(rules: list[Rule]) -> Iterable[Rule]:
    """Each rule of the host's once, whatever number of steps it is made of."""
    position = -1
    for rule in rules:
        if rule.position != position:
            position = rule.position
            yield rule


def difference(saved: Mapping[str, list[str]], runs: Mapping[str, list[str]]) -> str:
    """The first thing that differs, for people; empty if nothing does."""
    for place in sorted({*saved, *runs}):
        old, new = saved.get(place), runs.get(place)
        if old == new:
            continue
        if old is None or new is None:
            return f"{place} {'runs, and is not saved' if old is None else 'is saved, and does not run'}"
        return f"{place}: {_lines(old, new)}"
    return ""


def _lines(saved: list[str], runs: list[str]) -> str:
    only_saved, only_runs = _beyond(saved, runs), _beyond(runs, saved)
    told = [
        f"{word} {_short(lines[0])}" for word, lines in (("saved", only_saved), ("runs", only_runs)) if lines
    ]
    return "; ".join(told) if told else "the same lines, in another order"


def _beyond(lines: list[str], others: Collection[str]) -> list[str]:
    known = set(others)
    return [line for line in lines if line not in known] or ([lines[-1]] if len(lines) > len(others) else [])


def _short(line: str) -> str:
    text = " ".join(line.split())
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]} [...]"
