# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The commands of nft's scripts (nft(8)): add, insert, replace, delete, flush, rename.

Upon rules that are known (``Reader.loaded``) a command means what it means to the kernel that has them, and what that
would refuse is an error: nft loads a script as a whole or not at all. Else a script is read as loaded into a kernel
without rules, whatever it was made for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, NoReturn

from . import nft_declarations as declared
from . import nft_elements
from .nft_constants import NotUnderstood
from .nft_phrase import Phrase

if TYPE_CHECKING:
    from .nft_script import Chain, Reader, Table

Json = Any
FAMILIES = ("ip", "ip6", "inet", "arp", "bridge", "netdev")
# Objects that decide about nothing by themselves.
ASIDE = frozenset(("flowtable", "counter", "quota", "limit", "ct", "synproxy", "secmark", "tunnel"))
SETS = ("set", "map", "meter")
_KINDS = frozenset(("table", "element", "chain", *SETS, *ASIDE))
_ENDS = ("\n", ";", "")


def _add(reader: Reader, command: str) -> None:
    words = reader.words
    kind = words.skip()
    if kind in _KINDS and command == "insert":
        words.fail(f"insert is for rules, and not for a {kind}")
    if kind not in _KINDS:
        if kind == "rule":
            words.take()
        _add_rule(reader, command)
        return
    words.take()
    if kind == "table":
        reader.new_table(must_be_new=reader.loaded and command == "create")
    elif kind == "element":
        _add_elements(reader, command)
    elif kind in ASIDE:
        if kind == "ct":
            reader.name("an object")
        words.statement(verbatim=False)
    else:
        place, table = reader.table()
        name = words.peek().strip('"')
        if (
            reader.loaded
            and command == "create"
            and (name in table.chains if kind == "chain" else name in table.sets)
        ):
            words.fail(f"the {kind} {place}/{name} is there already")
        reader.declare(kind, place, table)


def _add_elements(reader: Reader, command: str) -> None:
    place, named = _known_set(reader)

    def read(of: dict[str, Json], p: Phrase) -> None:
        declared.add_elements(of, p, must_be_new=reader.loaded and command == "create")

    reader.of_set(place, named, reader.words.statement(verbatim=False), read)


def _known_chain(reader: Reader) -> tuple[str, Table, Chain]:
    place, table = reader.table()
    name = reader.name("a chain")
    if name not in table.chains:
        reader.words.fail(f"the chain {place}/{name} is not there")
    return place, table, table.chains[name]


def _add_rule(reader: Reader, command: str) -> None:
    words = reader.words
    place, table, chain = _known_chain(reader)
    rules = chain.rules
    at = 0 if command == "insert" else len(rules)
    word = words.peek()
    if word in ("handle", "position"):
        at = _by_handle(reader, command, place, chain) + (command != "insert")
    elif word == "index":
        words.take()
        number = words.peek()
        if not number.isdecimal() or len(number) > 9 or int(number) >= len(rules):
            words.fail(f"there is no rule {number[:60]!r} in the chain {place}/{chain.head['name']}")
        words.take()
        at = int(number) + (command != "insert")
    rules.insert(at, reader.read_rule(place, table, chain.head["name"], words.statement()))


def _by_handle(reader: Reader, command: str, place: str, chain: Chain) -> int:
    """Take ``handle 12``; the index of that rule."""
    words = reader.words
    if not reader.loaded:
        words.fail(f"{command} of a rule by its handle: only the kernel knows which one that is")
    if words.peek() not in ("handle", "position"):
        words.fail(f"{command} of a rule is by its handle: `{command} rule ... handle NUMBER`")
    words.take()
    number = words.take()
    found = [at for at, (item, _line, _text) in enumerate(chain.rules) if str(item.get("handle")) == number]
    if not found:
        words.fail(
            f"there is no rule with handle {number[:60]!r} in the chain {place}/{chain.head['name']}"
            " (handles are those of the snapshot; rules that this script adds have none yet)"
        )
    return found[0]


def _replace(reader: Reader, command: str) -> None:
    words = reader.words
    if not reader.loaded or words.skip() != "rule":
        words.fail(f"a command that is not read: {command} {words.peek()[:60]!r}")
    words.take()
    place, table, chain = _known_chain(reader)
    at = _by_handle(reader, command, place, chain)
    chain.rules[at] = reader.read_rule(place, table, chain.head["name"], words.statement())


def _known_set(reader: Reader) -> tuple[str, dict[str, Json]]:
    place, table = reader.table()
    name = reader.name("a set")
    if name not in table.sets:
        reader.words.fail(f"the set {place}/{name} is not there")
    return place, table.sets[name][1]


def _delete(reader: Reader, command: str) -> None:
    """Where the rules are not known, what is not there needs no deleting: the script's own kernel may have had it."""
    words = reader.words
    kind = words.skip()
    words.take()
    if kind == "rule":
        if not reader.loaded:
            words.fail(f"{command} of a rule by its handle: only the kernel knows which one that is")
        place, _table, chain = _known_chain(reader)
        del chain.rules[_by_handle(reader, command, place, chain)]
    elif kind == "element":
        place, named = _known_set(reader)
        reader.of_set(place, named, words.statement(verbatim=False), _without(reader, command))
    elif kind in ASIDE:
        words.statement(verbatim=False)
    elif kind == "table":
        _delete_table(reader, command)
    elif kind in _KINDS:
        _delete_named(reader, command, kind)
    else:
        words.fail(f"a command that is not read: {command} {kind[:60]!r}")
    _end(reader, command)


def _without(reader: Reader, command: str) -> Callable[[dict[str, Json], Phrase], None]:
    def read(of: dict[str, Json], p: Phrase) -> None:
        gone = declared.elements({key: value for key, value in of.items() if key != "map"}, p)
        try:
            nft_elements.remove(of, gone)
        except nft_elements.Refused as error:
            if not reader.loaded or _comes_and_goes(of):
                raise NotUnderstood(str(error)) from None
            if command != "destroy":
                raise

    return read


def _comes_and_goes(of: dict[str, Json]) -> bool:
    """Whether packets or time change the elements, so that a snapshot does not tell those of later."""
    flags = of.get("flags") or ()
    return "timeout" in of or "timeout" in flags or "dynamic" in flags


def _delete_table(reader: Reader, command: str) -> None:
    family = reader.family()
    if reader.loaded and reader.words.peek() == "handle":
        reader.words.take()
        number = reader.words.take()
        heads = (
            (place, table.head) for place, table in reader.tables.items() if place.startswith(f"{family}/")
        )
        place = next(
            (place for place, head in heads if str(head.get("handle")) == number), f"{family} {number}"
        )
    else:
        place = f"{family}/{reader.name('a table')}"
    if place not in reader.tables and reader.loaded and command != "destroy":
        _missing(reader, f"table {place}")
    reader.tables.pop(place, None)


def _delete_named(reader: Reader, command: str, kind: str) -> None:
    place = f"{reader.family()}/{reader.name('a table')}"
    table = reader.tables.get(place)
    named = _heads(table, kind)
    if reader.loaded and reader.words.peek() == "handle":
        reader.words.take()
        number = reader.words.take()
        name = next(
            (name for name, head in named.items() if str(head.get("handle")) == number), f"handle {number}"
        )
    else:
        name = reader.name(f"a {kind}")
    if table is None or name not in named:
        if reader.loaded and command != "destroy":
            _missing(reader, f"{kind} {place}/{name}")
        return
    if reader.loaded:
        user = next(_users(table, f"@{name}" if kind != "chain" else name, kind == "chain"), None)
        if user is not None:
            reader.words.fail(f"{kind} {place}/{name} is in use by {user}, so the kernel does not delete it")
    if kind == "chain":
        del table.chains[name]
    else:
        del table.sets[name]


def _heads(table: Table | None, kind: str) -> dict[str, dict[str, Json]]:
    if table is None:
        return {}
    if kind == "chain":
        return {name: chain.head for name, chain in table.chains.items()}
    return {name: head for name, (_kind, head) in table.sets.items()}


def _missing(reader: Reader, what: str) -> NoReturn:
    reader.words.fail(f"there is no {what}: the kernel would refuse this, and the whole script with it")


def _flush(reader: Reader, command: str) -> None:
    words = reader.words
    kind = words.skip()
    words.take()
    if kind == "ruleset":
        family = words.take() if words.peek() in FAMILIES else ""
        if not family:
            reader.includes.clear()
        for place in [place for place in reader.tables if place.startswith(f"{family}/" if family else "")]:
            del reader.tables[place]
    elif kind in ("table", "chain", *SETS):
        _empty(reader, kind)
    else:
        words.fail(f"a command that is not read: {command} {kind[:60]!r}")
    _end(reader, command)


def _empty(reader: Reader, kind: str) -> None:
    place = f"{reader.family()}/{reader.name('a table')}"
    name = reader.name(f"a {kind}") if kind != "table" else ""
    table = reader.tables.get(place)
    if reader.loaded and (table is None or (name and name not in _heads(table, kind))):
        _missing(reader, f"{kind} {place}/{name}" if name else f"table {place}")
    for key, chain in table.chains.items() if table else ():
        if kind == "table" or (kind == "chain" and key == name):
            chain.rules.clear()
    if table is not None and kind in SETS and name in table.sets:
        table.sets[name][1].pop("elem", None)


def _rename(reader: Reader, command: str) -> None:
    words = reader.words
    if not reader.loaded or words.skip() != "chain":
        words.fail(f"a command that is not read: {command} {words.peek()[:60]!r}")
    words.take()
    place, table, chain = _known_chain(reader)
    old, new = chain.head["name"], reader.name("a chain")
    if new in table.chains:
        words.fail(f"the chain {place}/{new} is there already")
    chain.head["name"] = new
    # The kernel's rules lead to the chain itself, whatever its name.
    table.chains = {new if name == old else name: one for name, one in table.chains.items()}
    for one in table.chains.values():
        for item, _line, _text in one.rules:
            item["chain"] = one.head["name"]
            _lead(item["expr"], old, new)
    for _kind, head in table.sets.values():
        _lead(head.get("elem", []), old, new)
    _end(reader, command)


def _lead(value: Json, old: str, new: str) -> None:
    for target in _targets(value):
        if target.get("target") == old:
            target["target"] = new


def _nothing(reader: Reader, _command: str) -> None:
    """What tells something, or sets counters to zero."""
    reader.words.statement(verbatim=False)


def _end(reader: Reader, command: str) -> None:
    if reader.words.peek() not in _ENDS:
        reader.words.fail(f"{command} with more words than are known: {reader.words.peek()[:60]!r}")


def check_references(reader: Reader) -> None:
    """ParseError for a rule of the script that leads to a chain, or asks a set, which is not there."""
    for place, table in reader.tables.items():
        for chain in table.chains.values():
            for item, line, _text in chain.rules:
                if not line:
                    continue
                gone = [
                    target["target"]
                    for target in _targets(item["expr"])
                    if target["target"] not in table.chains
                ]
                if gone:
                    reader.words.fail(
                        f"this rule leads to the chain {place}/{gone[0]}, which is not there", line
                    )
                gone = [name for name in _sets(item["expr"]) if name not in table.sets]
                if gone:
                    reader.words.fail(f"this rule asks the set {place}/{gone[0]}, which is not there", line)


def _users(table: Table, name: str, is_chain: bool) -> Iterator[str]:
    """What refers to a chain (``name``) or a set (``@name``)."""
    for chain in table.chains.values():
        for item, _line, text in chain.rules:
            names = _targets_of(item["expr"]) if is_chain else _sets(item["expr"])
            if name.lstrip("@") in names:
                yield f"the rule {text[:60]!r} of the chain {chain.head['name']}"
    for _kind, head in table.sets.values() if is_chain else ():
        if name in _targets_of(head.get("elem", [])):
            yield f"the map {head['name']}"


def _targets(value: Json) -> Iterator[dict[str, Json]]:
    """Each ``{"target": chain}`` of jumps and gotos within some JSON."""
    if isinstance(value, list):
        for item in value:
            yield from _targets(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            if key in ("jump", "goto") and isinstance(item, dict) and isinstance(item.get("target"), str):
                yield item
            else:
                yield from _targets(item)


def _targets_of(value: Json) -> Iterator[str]:
    return (str(target["target"]) for target in _targets(value))


def _sets(value: Json) -> Iterator[str]:
    """The names of the sets and maps that some JSON names: strings that begin with ``@`` (libnftables-json(5))."""
    if isinstance(value, str):
        if value[:1] == "@" and "," not in value:
            yield value[1:]
    elif isinstance(value, list):
        for item in value:
            yield from _sets(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            if key not in ("unread", "comment", "log"):
                yield from _sets(item)


COMMANDS: dict[str, Callable[[Reader, str], None]] = {
    "add": _add,
    "create": _add,
    "insert": _add,
    "replace": _replace,
    "delete": _delete,
    "destroy": _delete,
    "flush": _flush,
    "rename": _rename,
    "reset": _nothing,
    "list": _nothing,
}
