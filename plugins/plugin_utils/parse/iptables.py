# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``iptables-save`` and ``ip6tables-save`` (iptables(8), iptables-extensions(8)) -> rulesets and chains.

Both variants (nf_tables and legacy) print the same form. Built-in chains are rulesets, keyed
``iptables/filter/FORWARD``; chains of the user are jumped to, keyed alike.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from ..errors import ParseError
from ..model.match import Match
from ..model.rules import CONTINUE, Chain, Rule, Ruleset, Verdict
from . import iptables_options, iptables_targets
from .host_facts import HostFacts
from .ipset import IpSet
from .iptables_matches import Matches, ends
from .nft_rule import all_of, conjuncts

# linux/netfilter_ipv4.h: enum nf_ip_hook_priorities.
_PRIORITY = {"raw": -300, "mangle": -150, "filter": 0, "security": 50}
_NAT_PRIORITY = {"PREROUTING": -100, "OUTPUT": -100, "POSTROUTING": 100, "INPUT": 100}
HOOKS = {
    "PREROUTING": "prerouting",
    "INPUT": "input",
    "FORWARD": "forward",
    "OUTPUT": "output",
    "POSTROUTING": "postrouting",
}
_POLICIES = {"ACCEPT": "permit", "DROP": "deny"}
# iptables(8), "TABLES".
BUILT_IN = {
    "raw": ("PREROUTING", "OUTPUT"),
    "mangle": tuple(HOOKS),
    "nat": tuple(_NAT_PRIORITY),
    "filter": ("INPUT", "FORWARD", "OUTPUT"),
    "security": ("INPUT", "FORWARD", "OUTPUT"),
}
# A file of commands that people wrote need not declare the built-in chains: the kernel makes them so.
AT_BOOT = "ACCEPT"
_INSERT = re.compile(r"(?:-I|--insert) (\S+) (?:(\d+) )?(.+)$")
_SET_POLICY = re.compile(r"(?:-P|--policy) (\S+) (ACCEPT|DROP)$")
TABLES = ("raw", "mangle", "nat", "filter", "security")
_CHAIN = re.compile(r":(\S+) (\S+)(?: \[\d+:\d+\])?$")
_COUNTERS = re.compile(r"\[\d+:\d+\] ")
# How a line of a table begins.
_STARTS = ("-", "[", ":", "*", "#", "COMMIT")
_ESCAPED = re.compile(r"\\.", re.DOTALL)
_FOREIGN = re.compile(r"# Table `(\S+)' (?:is incompatible|contains incompatible)")


@dataclass(slots=True)
class IptablesRules:
    """``tables``: those read. ``foreign``: tables that hold more than iptables can show.
    ``added_to``: names of ipsets that rules add members to. ``counts``: rules by ``table/chain``."""

    rulesets: dict[str, Ruleset] = field(default_factory=dict)
    chains: dict[str, Chain] = field(default_factory=dict)
    not_understood: list[dict[str, str]] = field(default_factory=list)
    tables: list[str] = field(default_factory=list)
    foreign: set[str] = field(default_factory=set)
    added_to: set[str] = field(default_factory=set)
    counts: dict[str, int] = field(default_factory=dict)

    def without(self, table: str) -> None:
        """Forget a table that is read elsewhere."""
        self.tables.remove(table)
        for store in (self.rulesets, self.chains):
            for key in [key for key in store if key.split("/")[1] == table]:
                del store[key]
        self.not_understood = [item for item in self.not_understood if item["where"].split("/")[1] != table]


@dataclass(slots=True)
class Table:
    name: str
    policies: dict[str, str] = field(default_factory=dict)
    rules: dict[str, list[str]] = field(default_factory=dict)


def parse(content: str, backend: str, facts: HostFacts, sets: Mapping[str, IpSet]) -> IptablesRules:
    """Read a whole dump. ``backend``: iptables, iptables-legacy, ip6tables, ip6tables-legacy.

    ParseError for text that no iptables-save prints, and for a table without its COMMIT (cut short).
    """
    found = IptablesRules()
    family = 6 if backend.startswith("ip6") else 4
    where = f"{backend}-save"
    for table in tables(content, where, found):
        if table.name not in TABLES:
            raise ParseError(f"a table named {table.name!r}", where, "update PathGuard, or report this table")
        if table.name in found.tables:
            raise ParseError(f"the table {table.name!r} comes twice", where, f"run {where} again")
        found.tables.append(table.name)
        _read_table(found, table, backend, family, Matches(family, facts, sets))
    return found


def tables(content: str, where: str, found: IptablesRules) -> list[Table]:
    """The lines of a dump by table and chain, and nothing about what they mean."""
    read: list[Table] = []
    current: Table | None = None
    todo = f"run {where} on the host as root and see what it prints"
    for number, line in lines(content, where):
        line = line.rstrip()
        if not line or line.startswith("#"):
            if foreign := _FOREIGN.match(line):
                found.foreign.add(foreign[1])
            continue
        rule = _COUNTERS.sub("", line, count=1) if line.startswith("[") else line
        if rule.startswith("--append "):  # iptables-restore reads files that were written so by hand
            rule = f"-A {rule[9:]}"
        place = f"{where}, line {number}"
        if line.startswith("*") and current is None:
            current = Table(line[1:])
        elif current is None:
            raise ParseError(f"a line outside of any table: {line[:200]}", place, todo)
        elif line == "COMMIT":
            read.append(current)
            current = None
        else:
            _read_line(current, line, rule, place, todo)
    if current is not None:
        raise ParseError(f"the table {current.name!r} has no COMMIT: the output was cut short", where, todo)
    return read


def lines(content: str, where: str) -> Iterator[tuple[int, str]]:
    """Lines with the number of their first. In quotes (a comment, a log's prefix) a line's end is a character
    like any other: iptables-save writes it as it is, and so does it others that Python takes for ends of lines.
    ParseError where a rule may be hidden in quotes."""
    held, first = "", 0
    for number, line in enumerate(content.split("\n"), 1):
        if held:
            if line.startswith(_STARTS):
                raise ParseError(
                    "quotes that do not end in their line, and then a rule",
                    f"{where}, line {number}",
                    "change the comment that spans lines",
                )
            line = f"{held}\n{line}"
        else:
            first = number
        if '"' in line and line[:1] != "#" and _open_quote(line):
            held = line
        else:
            held = ""
            yield first, line
    if held:
        yield first, held


def _open_quote(line: str) -> bool:
    plain = _ESCAPED.sub("", line) if "\\" in line else line
    return plain.count('"') % 2 == 1


def _read_line(table: Table, line: str, rule: str, place: str, todo: str) -> None:
    """A line within a table: a chain, its policy, or a rule (``rule``: the line without its counters)."""
    if found := _CHAIN.match(line) or _SET_POLICY.match(rule):
        table.policies[found[1]] = found[2]
        table.rules.setdefault(found[1], [])
        return
    inserted = _INSERT.match(rule)
    if inserted:
        rule = f"-A {inserted[1]} {inserted[3]}"
    if not rule.startswith("-A "):
        raise ParseError(f"a line is not understood: {line[:200]}", place, todo)
    chain = rule[3:].split(" ", 1)[0]
    if chain in HOOKS and chain not in table.rules:
        table.policies[chain] = AT_BOOT
        table.rules[chain] = []
    if chain not in table.rules:
        raise ParseError(f"a rule for the chain {chain}, which is not declared", place, todo)
    rules = table.rules[chain]
    rules.insert(int(inserted[2] or 1) - 1 if inserted else len(rules), rule)


def _read_table(found: IptablesRules, table: Table, backend: str, family: int, matches: Matches) -> None:
    reader = _Reader(found, table, backend, family, matches)
    for name, lines in table.rules.items():
        key = f"{backend}/{table.name}/{name}"
        rules = [reader.rule(key, position, line) for position, line in enumerate(lines, 1)]
        found.counts[f"{table.name}/{name}"] = len(lines)
        policy = table.policies[name]
        if policy == "-":
            found.chains[key] = Chain(key, rules)
            continue
        if policy not in _POLICIES:
            raise ParseError(f"the policy {policy!r} of {name}", f"{backend}-save", "report this table")
        if name not in BUILT_IN[table.name]:
            raise ParseError(
                f"the table {table.name} has no built-in chain {name}", f"{backend}-save", "report this table"
            )
        found.rulesets[key] = Ruleset(
            key,
            backend,
            "ip" if family == 4 else "ip6",
            HOOKS[name],
            _NAT_PRIORITY[name] if table.name == "nat" else _PRIORITY[table.name],
            _POLICIES[policy],
            "nat"
            if table.name == "nat"
            else "route"
            if (table.name, name) == ("mangle", "OUTPUT")
            else "filter",
            rules,
        )


class _Reader:
    """Reads the rules of one table."""

    def __init__(
        self, found: IptablesRules, table: Table, backend: str, family: int, matches: Matches
    ) -> None:
        self.found = found
        self.family = family
        self.matches = matches
        self.chains = {
            name: f"{backend}/{table.name}/{name}" for name, policy in table.policies.items() if policy == "-"
        }
        self._alike: dict[str, int] = {}

    def rule(self, key: str, position: int, words: str) -> Rule:
        """One rule from its line, which begins with ``-A CHAIN``."""
        line = iptables_options.read(words.split(" ", 2)[2] if words.count(" ") > 1 else "")
        own = self._own(key, words)
        parts: list[Match] = []
        problems: list[str] = list(line.problems)
        endless: list[str] = []
        for module, options in line.groups:
            match, not_read = self.matches.read(module, options, own)
            if not_read and not ends(module, options):
                endless.extend(not_read)
            # `-p tcp -m tcp` says the same twice.
            parts.extend(part for part in conjuncts(match) if part not in parts)
            problems.extend(not_read)
        target = iptables_targets.read(line, self.family, self.chains, key.rpartition("/")[2])
        if target.problem:
            problems.append(target.problem)
        if target.added_to:
            self.found.added_to.add(target.added_to)
        verdict = target.verdict
        if line.problems:
            verdict = Verdict("unknown", "", line.problems[0])
        elif not line.target and endless:
            # Words of a match that is not known may have hidden the target.
            verdict = Verdict("unknown", "", f"{endless[0]}: where this match ends is not known")
        reasons = tuple(dict.fromkeys(problems))
        # Whether a rule that only logs matches makes no difference.
        if verdict != CONTINUE or target.effects or target.added_to:
            self.found.not_understood.extend(
                {"where": f"{key} rule {position}", "text": words, "reason": reason} for reason in reasons
            )
        return Rule(
            position,
            all_of(parts),
            verdict,
            words,
            target.effects,
            None,
            position,
            line.comment,
            reasons,
        )

    def _own(self, key: str, words: str) -> str:
        """What tells this rule from all others, and stays when others come or go."""
        base = f"{key}: {words}"
        count = self._alike[base] = self._alike.get(base, 0) + 1
        return base if count == 1 else f"{base} ({count})"
