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
from typing import Any

from ..errors import PathGuardError
from . import nft_commands, nft_elements, nft_vocabulary
from . import nft_declarations as declared
from .nft_commands import ASIDE, FAMILIES, SETS
from .nft_constants import NotUnderstood
from .nft_expressions import OPERATORS
from .nft_phrase import Phrase
from .nft_statements import rule
from .nft_words import Statement, Words

Json = Any
# Folder and name of a file that a script includes -> what each of them is, and its text.
Include = Callable[[str], "list[tuple[str, str]]"]
_TODO = "save the output of `nft -a list ruleset` as root, whole, and use that"
_MEND = "mend the script; `nft -c -f` on the host tells what nft itself thinks of it"
# Words that variables may bring in all: each may hold those before it, twice.
_MOST_WORDS = 2_000_000
_DEEPEST = 16
# What a rule that is not understood may do to a packet, if it has one of these words.
_CHANGES = frozenset(
    ("set", "snat", "dnat", "redirect", "masquerade", "notrack", "tproxy", "jump", "goto", "vmap")
)
_BASE = ("type", "hook", "prio")
_ANYWHERE = ("define", "redefine", "undefine", "include")


@dataclass(slots=True)
class Script:
    """``objects``: as in the document's list ``nftables``. ``words``: the line and the text of each rule, by chain
    (``family/table/chain``). ``problems``: what was not understood besides rules, as ``{where, text, reason}``."""

    objects: list[Json]
    words: dict[str, list[tuple[int, str]]]
    problems: list[dict[str, str]]


@dataclass(slots=True)
class Chain:
    head: dict[str, Json]
    rules: list[tuple[Json, int, str]] = field(default_factory=list)


@dataclass(slots=True)
class Table:
    head: dict[str, Json]
    chains: dict[str, Chain] = field(default_factory=dict)
    sets: dict[str, tuple[str, dict[str, Json]]] = field(default_factory=dict)


def read(text: str, source: str, listed: bool = False) -> Script:
    """``source``: what the text is, for errors; ``listed``: nft printed it, so it is no script of commands.
    ParseError for text whose structure can't be told."""
    reader = Reader(Words(text, source, _TODO), listed)
    reader.run()
    reader.refuse_includes()
    return reader.result()


def load(tables: dict[str, Table], text: str, source: str, include: Include) -> Script:
    """What a kernel that has these ``tables`` holds when `nft -f` has loaded the text. ParseError for text whose
    structure can't be told, and for what nft or the kernel would refuse, as far as that is seen here."""
    reader = Reader(Words(text, source, _MEND), False, tables, include)
    reader.run()
    nft_commands.check_references(reader)
    return reader.result()


class Reader:
    """``loaded``: whether what the kernel holds before is known, namely ``tables``; then commands mean what they mean
    to that kernel, and what it would refuse is an error. Without, the script was made for a kernel that is not known,
    and is read as loaded into an empty one. ``include``: finds included files; they are an error without."""

    def __init__(
        self,
        words: Words,
        listed: bool,
        tables: dict[str, Table] | None = None,
        include: Include | None = None,
    ) -> None:
        self.words = words
        self.is_listing = listed
        self.loaded = tables is not None
        self.tables: dict[str, Table] = tables or {}
        self.include = include
        self.scopes: list[dict[str, list[str]]] = [{}]
        self.includes: list[tuple[str, int]] = []
        self._open: list[str] = []
        self.problems: dict[str, dict[str, str]] = {}
        self.budget = _MOST_WORDS
        self.nesting = 0

    def run(self) -> None:
        words = self.words
        while word := words.skip():
            if self.is_listing and word != "table" and (word in nft_commands.COMMANDS or word in _ANYWHERE):
                words.fail(f"{word}: this is no listing of nft, but a script; give it as `nft -f`")
            if self._common(word):
                continue
            command = word if word in nft_commands.COMMANDS else "add"
            if word in nft_commands.COMMANDS:
                words.take()
            elif word not in KINDS and word != "rule":
                words.fail(f"a command that is not read: {word[:60]!r}")
            nft_commands.COMMANDS[command](self, command)

    def refuse_includes(self) -> None:
        for name, line in self.includes:
            self.words.fail(
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
            self._included(name, found.line)
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

    def _included(self, name: str, line: int) -> None:
        if self.include is None:
            self.includes.append((name or "a file", line))
            return
        if len(self.scopes) > 1:
            self.words.fail(f"it includes {name} within a block: put its lines in that place", line)
        outer = self.words
        try:
            files = self.include(name.strip('"'))
        except PathGuardError as error:
            outer.fail(f"it includes {name}: {error.what}", line)
        if len(self._open) >= _DEEPEST:
            outer.fail(f"it includes {name}, within {_DEEPEST} files that include each other", line)
        self._open.append(name)
        for source, text in files:
            self.words = Words(text, source, outer.todo)
            self.run()
        self.words = outer
        self._open.pop()

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

    def name(self, what: str) -> str:
        """The next word as a name."""
        try:
            (word,) = self._expanded([self.words.peek() or ";"])
        except (NotUnderstood, ValueError):
            word = ""
        if not word or word in "{};\n=":
            self.words.fail(f"the name of {what} is missing, or not known")
        self.words.take()
        return word.strip('"')

    def family(self) -> str:
        if self.words.peek() in FAMILIES:
            return self.words.take()
        return "ip"

    # Tables

    def table(self) -> tuple[str, Table]:
        """The table that is named next; it must be there."""
        place = f"{self.family()}/{self.name('a table')}"
        if place not in self.tables:
            self.words.fail(f"the table {place} is not there")
        return place, self.tables[place]

    def new_table(self, must_be_new: bool = False) -> None:
        family = self.family()
        name = self.name("a table")
        place = f"{family}/{name}"
        if must_be_new and place in self.tables:
            self.words.fail(f"the table {place} is there already")
        table = self.tables.setdefault(place, Table({"family": family, "name": name}))
        if self.loaded:  # nft sends them each time, none where none is written (mnl_nft_table_add)
            table.head.pop("flags", None)
        if self.words.peek() != "{":
            return
        opened = self.words.open()
        self.scopes.append({})
        while not self.words.close(opened):
            word = self.words.skip()
            if self._common(word):
                continue
            if word in KINDS and word not in ("table", "element"):
                self.words.take()
                self.declare(word, place, table)
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

    def read_chain(self, _kind: str, place: str, table: Table) -> None:
        name = self.name("a chain")
        is_old = name in table.chains
        chain = table.chains.get(name) or Chain(
            {"family": table.head["family"], "table": table.head["name"], "name": name}
        )
        table.chains[name] = chain
        if self.words.peek() != "{":
            return
        was = {key: chain.head.get(key) for key in _BASE} if is_old else {}
        opened = self.words.open()
        for found in self._statements(opened, verbatim=True):
            if not found.words or not found.words[0]:
                self.words.fail("a statement was expected")
            self._not_begun(found, f"chain {name}")
            if found.words[0] in declared.CHAIN_WORDS:
                self._head(chain.head, found)
            else:
                chain.rules.append(self.read_rule(place, table, name, found))
        now = {key: chain.head.get(key) for key in _BASE} if was else {}
        if now != was and self.loaded:
            self.words.fail(
                f"the chain {place}/{name} is there already, with another hook or priority", opened
            )

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

    def read_rule(self, place: str, table: Table, chain: str, found: Statement) -> tuple[Json, int, str]:
        family, text = table.head["family"], found.text
        item: dict[str, Json] = {"family": family, "table": table.head["name"], "chain": chain}
        if found.handle is not None and not self.loaded:  # of what is loaded, the kernel makes new ones
            item["handle"] = found.handle

        def nested(rules: list[list[str]]) -> str:
            return self._nested(place, table, rules, found.line)

        try:
            words = self._expanded(found.words) if "$" in text else found.words
            item["expr"], comment = rule(Phrase(words, family, nested, self._listed()))
        except NotUnderstood as error:
            changes = not _CHANGES.isdisjoint(found.words)
            word = str(error)
            self._refuse_misspelt(word, text, found.line)
            unread = {"text": text, "word": word[:60], "changes": changes, "planned": self.loaded}
            item["expr"] = [{"unread": unread}]
        else:
            if comment is not None:
                item["comment"] = comment
        return item, found.line, text

    def _refuse_misspelt(self, word: str, text: str, line: int) -> None:
        """What is planned must be loaded yet. A word that is not known, and like none, may be one of another nft."""
        near = nft_vocabulary.meant(word) if self.loaded else ""
        if near:
            self.words.fail(
                f"nft has no word {word!r} (did you mean {near!r}?), and would refuse all of the script: {text[:80]!r}",
                line,
            )

    def _listed(self) -> bool | None:
        """Whether nft printed what is read; not known of what is said to be a listing, and is not laid out as one."""
        return (self.words.indented or None) if self.is_listing else False

    def _nested(self, place: str, table: Table, rules: list[list[str]], line: int) -> str:
        """A chain of the rules in braces behind ``jump`` or ``goto``; its name is the kernel's for such chains."""
        if self.nesting >= _DEEPEST:
            raise NotUnderstood(f"more than {_DEEPEST} chains within chains")
        self.nesting += 1
        name = next(
            name for at in range(len(table.chains) + 1) if (name := f"__chain{at}") not in table.chains
        )
        chain = Chain({"family": table.head["family"], "table": table.head["name"], "name": name})
        table.chains[name] = chain
        for words in rules:
            chain.rules.append(
                self.read_rule(place, table, name, Statement(words, line, " ".join(words), None))
            )
        self.nesting -= 1
        return name

    # Sets

    def read_set(self, kind: str, place: str, table: Table) -> None:
        name = self.name(f"a {kind}")
        head: dict[str, Json] = {"family": table.head["family"], "table": table.head["name"], "name": name}
        _there, found = table.sets.setdefault(name, (kind, head))
        if self.words.peek() != "{":
            return
        was = dict(found) if self.loaded and "type" in found else {}
        opened = self.words.open()
        for statement in self._statements(opened, verbatim=False):
            self._not_begun(statement, f"{kind} {name}")
            self.of_set(place, found, statement, declared.set_property)
        if "type" not in found:
            self.words.fail(f"the {kind} {place}/{name} has no type", opened)
        if was and not nft_elements.alike(was, found):
            self.words.fail(f"the {kind} {place}/{name} is there already, of another type", opened)
        if (kind == "map") != ("map" in found):
            self._uncertain(place, found, kind, opened)

    def of_set(
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
        except nft_elements.Refused as error:
            self.words.fail(f"{place}/{found['name']}: {error}", statement.line)
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

    def declare(self, kind: str, place: str, table: Table) -> None:
        """Read what follows the word for a kind of object (``KINDS``) within or for a table."""
        KINDS[kind](self, kind, place, table)

    def aside(self, _kind: str, _place: str, _table: Table) -> None:
        """Objects that decide about nothing by themselves."""
        self.words.statement(verbatim=False)


KINDS: dict[str, Callable[[Reader, str, str, Table], None]] = {
    "table": Reader.aside,
    "element": Reader.aside,
    "chain": Reader.read_chain,
    **dict.fromkeys(SETS, Reader.read_set),
    **dict.fromkeys(ASIDE, Reader.aside),
}
# What begins neither a rule nor a property of a set: a brace is missing before it, and what follows would be lost.
_NO_STATEMENT = ("table", "chain", "map", "flowtable")
