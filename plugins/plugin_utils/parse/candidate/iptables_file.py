# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A file of iptables-restore(8) upon the tables of a host.

As both variants do it (iptables, ``iptables/xtables-restore.c``, ``iptables-restore.c``): each table that the file
names is emptied first, its own chains are gone and its built-in ones accept; with ``--noflush`` nothing is, but for a
user's chain that the file declares, which is emptied. Then the lines are commands of iptables(8), one after the other.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import NoReturn

from ...errors import ParseError
from .. import iptables, iptables_options
from ..iptables import BUILT_IN, Table
from . import iptables_words
from .given import Candidate

_CHAIN = re.compile(r":(\S+)\s+(\S+)(?:\s+\[\d+:\d+\])?\s*")
_COUNTERS = re.compile(r"\[\d+:\d+\] ")
_POLICIES = ("ACCEPT", "DROP")
_TODO = "mend the file; `iptables-restore --test` on the host tells what iptables itself thinks of it"
# What stands in quotes is left alone.
_FAMILY = re.compile(r'"(?:\\.|[^"\\])*"|(?<!\S)(-4|-6|--ipv4|--ipv6)(?!\S)\s*')
_SPACES = re.compile(r"\s+")
_LONG = {
    "--append": "-A",
    "--insert": "-I",
    "--delete": "-D",
    "--replace": "-R",
    "--policy": "-P",
    "--flush": "-F",
    "--new-chain": "-N",
    "--new": "-N",
    "--delete-chain": "-X",
    "--rename-chain": "-E",
    "--zero": "-Z",
}


def load(
    tables: dict[str, Table],
    candidate: Candidate,
    legacy: bool,
    six: bool = False,
    sets: Collection[str] | None = None,
) -> list[str]:
    """Change ``tables`` as the file says; the names of those that it is about. ``six``: as ip6tables-restore does it.
    ``sets``: the names of the host's ipsets, None where they are not known. ParseError for what can't be followed, or
    what iptables would refuse."""
    reader = _Reader(tables, candidate, legacy, six, sets)
    for number, line in iptables.lines(candidate.text, candidate.source):
        reader.line(number, line)
    reader.end()
    return reader.changed


def written(tables: Mapping[str, Table]) -> str:
    """The tables as iptables-save prints them."""
    found = []
    for table in tables.values():
        found.append(f"*{table.name}")
        found += [f":{chain} {policy} [0:0]" for chain, policy in table.policies.items()]
        found += [rule for rules in table.rules.values() for rule in rules]
        found.append("COMMIT")
    return "".join(f"{line}\n" for line in found)


@dataclass
class _Command:
    chain: str
    rest: str
    text: str


class _Reader:
    def __init__(
        self,
        tables: dict[str, Table],
        candidate: Candidate,
        legacy: bool,
        six: bool,
        sets: Collection[str] | None,
    ) -> None:
        self.tables = tables
        self.changed: list[str] = []
        self._noflush = candidate.noflush
        self._legacy = legacy
        self._six = six
        self._sets = sets
        self._source = candidate.source
        self._table: Table | None = None
        self._number = 0

    def fail(self, what: str) -> NoReturn:
        raise ParseError(what, f"{self._source}, line {self._number}", _TODO)

    def line(self, number: int, line: str) -> None:
        """What has a blank in front is a rule, whatever follows (iptables-restore.c)."""
        self._number = number
        indented, line = line[:1].isspace() and self._table is not None, line.strip()
        if indented and not line.startswith(("-", "[")):
            self.fail(f"a line begins with blanks, which only a rule may: {line[:80]!r}")
        if not line or line.startswith("#"):
            return
        if self._table is None:
            if not line.startswith("*"):
                self.fail(f"a line outside of any table: {line[:80]!r}")
            self._begin(line[1:].strip())
        elif line == "COMMIT":
            self._check(self._table)
            self._table = None
        elif line.startswith("*"):
            self.fail(f"the table {self._table.name} has no COMMIT before the next one")
        elif line.startswith(":"):
            self._declare(self._table, line)
        else:
            self._command(self._table, _COUNTERS.sub("", line, count=1) if line.startswith("[") else line)

    def end(self) -> None:
        if self._table is not None:
            self.fail(
                f"the table {self._table.name} has no COMMIT: iptables-restore would change nothing of it"
            )
        if not self.changed:
            raise ParseError("there is no table in it", self._source, "give a file of iptables-restore")

    def _begin(self, name: str) -> None:
        if name not in BUILT_IN:
            self.fail(f"there is no table {name[:40]!r}")
        old = self.tables.get(name)
        table = Table(name)
        for chain in BUILT_IN[name]:
            # Legacy: a built-in chain that the file does not name keeps its policy; nft makes the table anew.
            kept = old is not None and (self._noflush or self._legacy)
            table.policies[chain] = (
                old.policies.get(chain, "ACCEPT") if old is not None and kept else "ACCEPT"
            )
            table.rules[chain] = list(old.rules.get(chain, ())) if old is not None and self._noflush else []
        if old is not None and self._noflush:
            for chain, rules in old.rules.items():
                table.policies.setdefault(chain, old.policies[chain])
                table.rules.setdefault(chain, list(rules))
        self.tables[name] = self._table = table
        if name not in self.changed:
            self.changed.append(name)

    def _declare(self, table: Table, line: str) -> None:
        found = _CHAIN.fullmatch(line)
        if found is None:
            self.fail(f"a chain is declared as `:NAME POLICY [packets:bytes]`, and not as {line[:80]!r}")
        name, policy = found[1], found[2]
        if name in BUILT_IN[table.name]:
            self._policy(table, _Command(name, policy, line))
        elif policy != "-":
            self.fail(f"the policy of the chain {name} is `-`: it is not built in")
        else:
            table.policies[name] = "-"
            table.rules[name] = []

    def _command(self, table: Table, line: str) -> None:
        line, families = _without_family(line)
        if families and self._six not in families:
            return  # iptables(8): a rule with -6 is silently ignored, and by ip6tables one with -4
        word, _space, rest = _SPACES.sub(" ", line, count=1).partition(" ")
        if word[:2] in ("-A", "-I", "-D", "-R") and len(word) > 2 and word[1] != "-":
            word, rest = word[:2], f"{word[2:]} {rest}"
        name = _LONG.get(word, word)
        run = _COMMANDS.get(name)
        if run is None:
            self.fail(f"a line that is not understood: {line[:120]!r}")
        chain, _space, rest = rest.strip().partition(" ")
        if " -t " in f" {rest} " and any(option.name in ("-t", "--table") for option in _options(rest)):
            self.fail("the option -t can't be used in a file: the table is the one of its `*` line")
        if name not in ("-N", "-F", "-X", "-Z") and chain not in table.rules:
            self.fail(f"there is no chain {chain[:60]!r} in the table {table.name}")
        run(self, table, _Command(chain, rest.strip(), line))

    def _append(self, table: Table, command: _Command) -> None:
        table.rules[command.chain].append(self._rule(command.chain, command.rest))

    def _insert(self, table: Table, command: _Command) -> None:
        rules = table.rules[command.chain]
        at, rest = self._number_in(command, default=1)
        if not 1 <= at <= len(rules) + 1:
            self.fail(f"there is no place {at} in the chain {command.chain}: it has {len(rules)} rules")
        rules.insert(at - 1, self._rule(command.chain, rest))

    def _replace(self, table: Table, command: _Command) -> None:
        at, rest = self._number_in(command, default=0)
        self._there(table, command.chain, at)
        table.rules[command.chain][at - 1] = self._rule(command.chain, rest)

    def _delete(self, table: Table, command: _Command) -> None:
        rules = table.rules[command.chain]
        at, rest = self._number_in(command, default=0)
        if at and not rest:
            self._there(table, command.chain, at)
            del rules[at - 1]
            return
        wanted = _meaning(command.rest)
        index = next(
            (index for index, rule in enumerate(rules) if _meaning(_specification(rule)) == wanted), None
        )
        if index is None:
            self.fail(
                f"there is no rule {command.rest[:120]!r} in the chain {command.chain}"
                " (written as iptables-save does it, or delete it by its number)"
            )
        del rules[index]

    def _number_in(self, command: _Command, default: int) -> tuple[int, str]:
        word, _space, rest = command.rest.partition(" ")
        return (int(word), rest.strip()) if word.isdecimal() and len(word) < 10 else (default, command.rest)

    def _there(self, table: Table, chain: str, at: int) -> None:
        count = len(table.rules[chain])
        if not 1 <= at <= count:
            self.fail(f"there is no rule {at} in the chain {chain}: it has {count}")

    def _rule(self, chain: str, specification: str) -> str:
        for option in _options(specification):
            if option.name in ("-s", "-d") and any("," in value for value in option.values):
                self.fail(
                    f"several addresses in one {option.name}: write a rule for each, as iptables makes them"
                )
        why = iptables_words.refused(specification, self._six) or iptables_words.without_set(
            specification, self._sets
        )
        if why:
            self.fail(f"iptables would refuse the file: {why}, in {specification[:100]!r}")
        return f"-A {chain} {specification}".rstrip()

    def _policy(self, table: Table, command: _Command) -> None:
        if table.policies[command.chain] == "-":
            self.fail(f"the chain {command.chain} is not built in and has no policy")
        if command.rest == "-":
            return
        if command.rest not in _POLICIES:
            self.fail(f"a policy is ACCEPT or DROP, and not {command.rest[:40]!r}")
        table.policies[command.chain] = command.rest

    def _flush(self, table: Table, command: _Command) -> None:
        for chain in [command.chain] if command.chain else list(table.rules):
            if chain not in table.rules:
                self.fail(f"there is no chain {chain!r} in the table {table.name}")
            table.rules[chain] = []

    def _new(self, table: Table, command: _Command) -> None:
        if not command.chain or command.chain in table.rules:
            self.fail(
                f"the chain {command.chain!r} is there already" if command.chain else "-N without a name"
            )
        table.policies[command.chain] = "-"
        table.rules[command.chain] = []

    def _remove(self, table: Table, command: _Command) -> None:
        own = [name for name, policy in table.policies.items() if policy == "-"]
        for chain in [command.chain] if command.chain else own:
            if chain not in own:
                self.fail(f"there is no chain of the user's own {chain!r} in the table {table.name}")
            if table.rules[chain]:
                self.fail(f"the chain {chain} is not empty, so -X is refused: -F it first")
            others = (rule for name, rules in table.rules.items() if name != chain for rule in rules)
            if any(_target(rule) == chain for rule in others):
                self.fail(f"the chain {chain} is in use, so -X is refused")
            del table.rules[chain], table.policies[chain]

    def _rename(self, table: Table, command: _Command) -> None:
        old, new = command.chain, command.rest
        if table.policies[old] != "-" or not new or new in table.rules:
            self.fail(f"the chain {old} can't be renamed to {new!r}")
        table.policies = {new if name == old else name: policy for name, policy in table.policies.items()}
        table.rules = {
            new if name == old else name: [_led(rule, old, new) for rule in rules]
            for name, rules in table.rules.items()
        }

    def _zero(self, _table: Table, _command: _Command) -> None:
        """Counters decide about nothing."""

    def _check(self, table: Table) -> None:
        """What iptables refuses at COMMIT."""
        for rules in table.rules.values():
            for rule in rules:
                target = _target(rule)
                if target and not target[:1].isupper() and target not in table.rules:
                    self.fail(f"there is no chain {target!r} in the table {table.name}: {rule[:120]!r}")


def _without_family(line: str) -> tuple[str, set[bool]]:
    """The line without ``-4`` and ``-6``, and whether these were for IPv6."""
    found: set[bool] = set()

    def one(match: re.Match[str]) -> str:
        if match[1]:
            found.add("6" in match[1])
        return "" if match[1] else match[0]

    return _FAMILY.sub(one, line).strip(), found


def _options(specification: str) -> list[iptables_options.Option]:
    line = iptables_options.read(specification)
    return [option for _module, options in line.groups for option in options]


def _target(rule: str) -> str:
    return (
        iptables_options.read(_specification(rule)).target
        if " -j " in rule or " -g " in rule or "--" in rule
        else ""
    )


def _specification(rule: str) -> str:
    return rule.split(" ", 2)[2] if rule.count(" ") > 1 else ""


def _led(rule: str, old: str, new: str) -> str:
    """A rule after a chain was renamed: that in which it stands, or to which it leads."""
    chain = rule.split(" ", 2)[1]
    start = f"-A {new if chain == old else chain}"
    specification = _specification(rule)
    if _target(rule) == old:
        specification = re.sub(
            rf"(^| )(-j|-g|--jump|--goto) {re.escape(old)}(?= |$)", rf"\1\2 {new}", specification
        )
    return f"{start} {specification}".rstrip()


def _meaning(specification: str) -> object:
    """A rule's words, apart from how and in which order people write the same."""
    line = iptables_options.read(specification)
    implied = {
        option.values[0] for option in _options(specification) if option.name == "-p" and option.values
    }
    groups = [
        (
            module if module not in implied else "",
            option.name,
            _values(option.name, option.values),
            option.negated,
        )
        for module, options in line.groups
        for option in options
    ]
    target = [(option.name, option.values, option.negated) for option in line.target_options]
    return sorted(groups, key=repr), line.target, line.goto, target, line.comment, tuple(line.problems)


def _values(name: str, values: tuple[str, ...]) -> tuple[str, ...]:
    if name in ("-s", "-d") and values and "/" not in values[0]:
        return (f"{values[0]}/{128 if ':' in values[0] else 32}",)
    return values


_COMMANDS: dict[str, Callable[[_Reader, Table, _Command], None]] = {
    "-A": _Reader._append,
    "-I": _Reader._insert,
    "-R": _Reader._replace,
    "-D": _Reader._delete,
    "-P": _Reader._policy,
    "-F": _Reader._flush,
    "-N": _Reader._new,
    "-X": _Reader._remove,
    "-E": _Reader._rename,
    "-Z": _Reader._zero,
}
