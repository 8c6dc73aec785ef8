# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""nft's text language (nft(8)) -> the document that ``nft -j list ruleset`` prints once that text is loaded.

Both what ``nft list ruleset`` prints and what ``nft -f`` loads are written in it. A script is taken as loaded into
a kernel without any rules. A rule with a word that is not understood keeps its place and its text as one statement,
``unread``; where the text's structure can't be told, there is no document at all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, NoReturn

from . import nft_declarations as declared
from .nft_constants import NotUnderstood
from .nft_expressions import OPERATORS
from .nft_phrase import Phrase
from .nft_statements import rule
from .nft_words import Statement, Words

Json = Any
FAMILIES = ("ip", "ip6", "inet", "arp", "bridge", "netdev")
_TODO = "save the output of `nft -a list ruleset` as root, whole, and use that"
# Words that variables may bring in all: each may hold those before it, twice.
_MOST_WORDS = 2_000_000
_DEEPEST = 16
# What a rule that is not understood may do to a packet, if it has one of these words.
_CHANGES = frozenset(
    ("set", "snat", "dnat", "redirect", "masquerade", "notrack", "tproxy", "jump", "goto", "vmap")
)
_ASIDE = frozenset(("flowtable", "counter", "quota", "limit", "ct", "synproxy", "secmark", "tunnel"))
_SETS = ("set", "map", "meter")
_ANYWHERE = ("define", "redefine", "undefine", "include")


@dataclass(slots=True)
class Script:
    """``objects``: as in the document's list ``nftables``. ``words``: the line and the text of each rule, by chain
    (``family/table/chain``). ``problems``: what was not understood besides rules, as ``{where, text, reason}``."""

    objects: list[Json]
    words: dict[str, list[tuple[int, str]]]
    problems: list[dict[str, str]]


@dataclass(slots=True)
class _Chain:
    head: dict[str, Json]
    rules: list[tuple[Json, int, str]] = field(default_factory=list)


@dataclass(slots=True)
class _Table:
    head: dict[str, Json]
    chains: dict[str, _Chain] = field(default_factory=dict)
    sets: dict[str, tuple[str, dict[str, Json]]] = field(default_factory=dict)


def read(text: str, source: str, listed: bool = False) -> Script:
    """``source``: what the text is, for errors; ``listed``: nft printed it, so it is no script of commands.
    ParseError for text whose structure can't be told."""
    reader = _Reader(Words(text, source, _TODO), listed)
    reader.run()
    return reader.result()


class _Reader:
    def __init__(self, words: Words, listed: bool) -> None:
        self.words = words
        self.is_listing = listed
        self.tables: dict[str, _Table] = {}
        self.scopes: list[dict[str, list[str]]] = [{}]
        self.includes: list[tuple[str, int]] = []
        self.problems: dict[str, dict[str, str]] = {}
        self.budget = _MOST_WORDS
        self.nesting = 0

    def run(self) -> None:
        words = self.words
        while word := words.skip():
            if self.is_listing and word != "table" and (word in _COMMANDS or word in _ANYWHERE):
                words.fail(f"{word}: this is no listing of nft, but a script; give it as `nft -f`")
            if self._common(word):
                continue
            command = word if word in _COMMANDS else "add"
            if word in _COMMANDS:
                words.take()
            elif word not in _KINDS and word != "rule":
                words.fail(f"a command that is not read: {word[:60]!r}")
            _COMMANDS[command](self, command)
        for name, line in self.includes:
            words.fail(
                f"it includes {name}, which was not given (if there is no such file, leave the line out)",
                line,
            )

    def result(self) -> Script:
        objects: list[Json] = [{"metainfo": {"json_schema_version": 1}}]
        written: dict[str, list[tuple[int, str]]] = {}
        for place, table in self.tables.items():
            objects.append({"table": table.head})
            objects += [{kind: named} for kind, named in table.sets.values()]
            objects += [{"chain": chain.head} for chain in table.chains.values()]
            for name, chain in table.chains.items():
                objects += [{"rule": item} for item, _line, _text in chain.rules]
                written[f"{place}/{name}"] = [(line, text) for _item, line, text in chain.rules]
        return Script(objects, written, list(self.problems.values()))

    # Variables and files

    def _common(self, word: str) -> bool:
        """Read what may stand anywhere: definitions and includes. False for anything else."""
        if word not in _ANYWHERE:
            return False
        found = self.words.statement()
        name, rest = "".join(found.words[1:2]), found.words[2:]
        if word == "include":
            self.includes.append((name or "a file", found.line))
        elif not name:
            self.words.fail(f"{word} without a name", found.line)
        elif word == "undefine":
            for scope in self.scopes:
                scope.pop(name, None)
        else:
            if rest[:1] != ["="] or len(rest) < 2:
                self.words.fail(f"{word} {name} without a value", found.line)
            try:
                self.scopes[-1][name] = self._expanded(rest[1:])
            except NotUnderstood:
                # Rules that use it are not understood; nor must they take an older value.
                for scope in self.scopes:
                    scope.pop(name, None)
        return True

    def _expanded(self, words: list[str]) -> list[str]:
        """The words with the values of variables in their places."""
        if not any(word[0] == "$" and len(word) > 1 for word in words):
            return words
        found: list[str] = []
        for word in words:
            if word[0] != "$" or len(word) < 2:
                found.append(word)
                continue
            value = next((scope[word[1:]] for scope in reversed(self.scopes) if word[1:] in scope), None)
            if value is None:
                raise NotUnderstood(word)
            self.budget -= len(value)
            if self.budget < 0:
                self.words.fail(f"its variables hold more than {_MOST_WORDS} words")
            joined = len(value) > 1 and value[0] != "{" and not OPERATORS.keys().isdisjoint(value)
            found += ["(", *value, ")"] if joined else value
        return found

    def _name(self, what: str) -> str:
        """The next word as a name."""
        try:
            (word,) = self._expanded([self.words.peek() or ";"])
        except (NotUnderstood, ValueError):
            word = ""
        if not word or word in "{};\n=":
            self.words.fail(f"the name of {what} is missing, or not known")
        self.words.take()
        return word.strip('"')

    def _family(self) -> str:
        if self.words.peek() in FAMILIES:
            return self.words.take()
        return "ip"

    # Tables

    def _table(self) -> tuple[str, _Table]:
        """The table that is named next; it must be there."""
        place = f"{self._family()}/{self._name('a table')}"
        if place not in self.tables:
            self.words.fail(f"the table {place} is not there")
        return place, self.tables[place]

    def _new_table(self) -> None:
        family = self._family()
        name = self._name("a table")
        place = f"{family}/{name}"
        table = self.tables.setdefault(place, _Table({"family": family, "name": name}))
        if self.words.peek() != "{":
            return
        opened = self.words.open()
        self.scopes.append({})
        while not self.words.close(opened):
            word = self.words.skip()
            if self._common(word):
                continue
            if word in _KINDS and word not in ("table", "element"):
                self.words.take()
                _KINDS[word](self, word, place, table)
                continue
            if word not in ("flags", "comment"):
                self.words.fail(f"something in the table {place} that is not known: {word[:60]!r}")
            self._head(table.head, self.words.statement())
        self.scopes.pop()

    def _head(self, head: dict[str, Json], found: Statement) -> bool:
        try:
            phrase = Phrase(self._expanded(found.words), head["family"])
            return declared.chain_head(head, phrase)
        except NotUnderstood as error:
            self.words.fail(f"{found.text[:60]!r} is not understood: {str(error)[:60]!r}", found.line)

    # Chains and rules

    def _chain(self, _kind: str, place: str, table: _Table) -> None:
        name = self._name("a chain")
        chain = table.chains.get(name) or _Chain(
            {"family": table.head["family"], "table": table.head["name"], "name": name}
        )
        table.chains[name] = chain
        if self.words.peek() != "{":
            return
        for found in self._statements(self.words.open(), verbatim=True):
            if not found.words or not found.words[0]:
                self.words.fail("a statement was expected")
            self._not_begun(found, f"chain {name}")
            if found.words[0] in declared.CHAIN_WORDS:
                self._head(chain.head, found)
            else:
                chain.rules.append(self._rule(place, table, name, found))

    def _not_begun(self, found: Statement, inside: str) -> None:
        if found.words and found.words[0] in _NO_STATEMENT:
            self.words.fail(f"{found.words[0]} within the {inside}", found.line)

    def _statements(self, opened: int, verbatim: bool) -> Iterator[Statement]:
        """Those of a block, up to its end; ``opened``: the line where it begins."""
        self.scopes.append({})
        while not self.words.close(opened):
            if not self._common(self.words.peek()):
                yield self.words.statement(verbatim)
        self.scopes.pop()

    def _rule(self, place: str, table: _Table, chain: str, found: Statement) -> tuple[Json, int, str]:
        family, text = table.head["family"], found.text
        item: dict[str, Json] = {"family": family, "table": table.head["name"], "chain": chain}
        if found.handle is not None:
            item["handle"] = found.handle

        def nested(rules: list[list[str]]) -> str:
            return self._nested(place, table, rules, found.line)

        try:
            words = self._expanded(found.words) if "$" in text else found.words
            item["expr"], comment = rule(Phrase(words, family, nested, self._listed()))
        except NotUnderstood as error:
            changes = not _CHANGES.isdisjoint(found.words)
            word = str(error)
            item["expr"] = [{"unread": {"text": text, "word": word[:60], "changes": changes}}]
        else:
            if comment is not None:
                item["comment"] = comment
        return item, found.line, text

    def _listed(self) -> bool | None:
        """Whether nft printed what is read; not known of what is said to be a listing, and is not laid out as one."""
        return (self.words.indented or None) if self.is_listing else False

    def _nested(self, place: str, table: _Table, rules: list[list[str]], line: int) -> str:
        """A chain of the rules in braces behind ``jump`` or ``goto``; its name is the kernel's for such chains."""
        if self.nesting >= _DEEPEST:
            raise NotUnderstood(f"more than {_DEEPEST} chains within chains")
        self.nesting += 1
        name = next(
            name for at in range(len(table.chains) + 1) if (name := f"__chain{at}") not in table.chains
        )
        chain = _Chain({"family": table.head["family"], "table": table.head["name"], "name": name})
        table.chains[name] = chain
        for words in rules:
            chain.rules.append(self._rule(place, table, name, Statement(words, line, " ".join(words), None)))
        self.nesting -= 1
        return name

    # Sets

    def _set(self, kind: str, place: str, table: _Table) -> None:
        name = self._name(f"a {kind}")
        head: dict[str, Json] = {"family": table.head["family"], "table": table.head["name"], "name": name}
        _there, found = table.sets.setdefault(name, (kind, head))
        if self.words.peek() != "{":
            return
        opened = self.words.open()
        for statement in self._statements(opened, verbatim=False):
            self._not_begun(statement, f"{kind} {name}")
            self._of_set(place, found, statement, declared.set_property)
        if "type" not in found:
            self.words.fail(f"the {kind} {place}/{name} has no type", opened)
        if (kind == "map") != ("map" in found):
            self._uncertain(place, found, kind, opened)

    def _of_set(
        self,
        place: str,
        found: dict[str, Json],
        statement: Statement,
        read: Callable[[dict[str, Json], Phrase], None],
    ) -> None:
        try:
            read(found, Phrase(self._expanded(statement.words), listed=self._listed()))
        except NotUnderstood as error:
            self._uncertain(place, found, str(error), statement.line)
        if f"{place}/{found['name']}" in self.problems:
            found.pop("elem", None)

    def _uncertain(self, place: str, found: dict[str, Json], word: str, line: int) -> None:
        """A set of which not all is understood: what is in it is not known."""
        found.update(flags=[*found.get("flags", ()), "dynamic"])
        found.pop("elem", None)
        found.setdefault("type", "")
        key = f"{place}/{found['name']}"
        reason = f"line {line}: {word[:60]!r} is not understood, so its elements are not known"
        self.problems[key] = {"where": key, "text": found["name"], "reason": reason}

    def _aside(self, _kind: str, _place: str, _table: _Table) -> None:
        """Objects that decide about nothing by themselves."""
        self.words.statement(verbatim=False)

    # Commands

    def _add(self, command: str) -> None:
        words = self.words
        kind = words.skip()
        if kind == "table":
            words.take()
            self._new_table()
        elif kind == "element":
            words.take()
            place, named = self._known_set()
            self._of_set(place, named, words.statement(verbatim=False), declared.add_elements)
        elif kind in _KINDS:
            words.take()
            if kind == "ct":
                self._name("an object")
            if kind not in _ASIDE:
                _KINDS[kind](self, kind, *self._table())
            else:
                words.statement(verbatim=False)
        else:
            if kind == "rule":
                words.take()
            self._add_rule(command)

    def _add_rule(self, command: str) -> None:
        words = self.words
        place, table = self._table()
        name = self._name("a chain")
        if name not in table.chains:
            words.fail(f"the chain {place}/{name} is not there")
        rules = table.chains[name].rules
        at = 0 if command == "insert" else len(rules)
        word = words.peek()
        if word in ("handle", "position"):
            self._by_handle(command)
        if word == "index":
            words.take()
            number = words.peek()
            if not number.isdecimal() or len(number) > 9 or int(number) >= len(rules):
                words.fail(f"there is no rule {number[:60]!r} in the chain {place}/{name}")
            words.take()
            at = int(number) + (command != "insert")
        rules.insert(at, self._rule(place, table, name, words.statement()))

    def _by_handle(self, command: str) -> NoReturn:
        self.words.fail(f"{command} of a rule by its handle: only the kernel knows which one that is")

    def _known_set(self) -> tuple[str, dict[str, Json]]:
        place, table = self._table()
        name = self._name("a set")
        if name not in table.sets:
            self.words.fail(f"the set {place}/{name} is not there")
        return place, table.sets[name][1]

    def _delete(self, command: str) -> None:
        """What is not there needs no deleting: the kernel that the script was made for may have had it."""
        words = self.words
        kind = words.skip()
        words.take()
        if kind == "rule" or words.peek() == "handle":
            self._by_handle(command)
        if kind == "element":
            place, named = self._known_set()
            self._of_set(place, named, words.statement(verbatim=False), self._without)
            return
        if kind not in _KINDS:
            words.fail(f"a command that is not read: {command} {kind[:60]!r}")
        if kind in _ASIDE:
            words.statement(verbatim=False)
            return
        table_key = f"{self._family()}/{self._name('a table')}"
        table = self.tables.get(table_key)
        if kind == "table":
            self.tables.pop(table_key, None)
        else:
            name = self._name(f"a {kind}")
            if table is not None and kind == "chain":
                table.chains.pop(name, None)
            elif table is not None:
                table.sets.pop(name, None)
        self._end(command)

    @staticmethod
    def _without(named: dict[str, Json], p: Phrase) -> None:
        there = named.get("elem", [])
        maps = named if "map" not in named else {key: one for key, one in named.items() if key != "map"}
        for gone in declared.elements(maps, p):
            at = next((at for at, one in enumerate(there) if _key(one, "map" in named) == _key(gone)), None)
            if at is None:
                raise NotUnderstood("an element that is not there by itself")
            del there[at]

    def _flush(self, command: str) -> None:
        words = self.words
        kind = words.skip()
        words.take()
        if kind == "ruleset":
            family = words.take() if words.peek() in FAMILIES else ""
            if not family:
                self.includes.clear()
            for place in [place for place in self.tables if place.startswith(f"{family}/" if family else "")]:
                del self.tables[place]
        elif kind in ("table", "chain", *_SETS):
            place = f"{self._family()}/{self._name('a table')}"
            name = self._name(f"a {kind}") if kind != "table" else ""
            table = self.tables.get(place)
            for key, chain in table.chains.items() if table else ():
                if kind == "table" or (kind == "chain" and key == name):
                    chain.rules.clear()
            if table is not None and kind in _SETS and name in table.sets:
                table.sets[name][1].pop("elem", None)
        else:
            words.fail(f"a command that is not read: {command} {kind[:60]!r}")
        self._end(command)

    def _end(self, command: str) -> None:
        if self.words.peek() not in ("\n", ";", ""):
            self.words.fail(f"{command} with more words than are known: {self.words.peek()[:60]!r}")


def _key(element: Json, pair: bool = False) -> Json:
    if pair:
        element = element[0]
    return element["elem"]["val"] if isinstance(element, dict) and "elem" in element else element


_KINDS: dict[str, Callable[[_Reader, str, str, _Table], None]] = {
    "table": _Reader._aside,
    "element": _Reader._aside,
    "chain": _Reader._chain,
    **dict.fromkeys(_SETS, _Reader._set),
    **dict.fromkeys(_ASIDE, _Reader._aside),
}
# What begins neither a rule nor a property of a set: a brace is missing before it, and what follows would be lost.
_NO_STATEMENT = ("table", "chain", "map", "flowtable")
_COMMANDS: dict[str, Callable[[_Reader, str], None]] = {
    "add": _Reader._add,
    "create": _Reader._add,
    "insert": _Reader._add,
    "delete": _Reader._delete,
    "destroy": _Reader._delete,
    "flush": _Reader._flush,
}
