# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Objects, object groups and names of Cisco ASA, and what they hold.

Sources: Cisco ASA Series Command Reference, "object network", "object service", "object-group", "network-object",
"group-object", "name"; Cisco ASA Series Firewall CLI Configuration Guide, "Objects for Access Control".

The device takes no reference to an object that it does not have, nor a group into itself; where a text has one, what
it would hold is not known. An empty group holds nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, TypeVar

from ...model import text
from ...model.match import ALWAYS, In, Masked, Match, Member, Ranges, Unknown, merge_ranges
from ...model.state import NamedSet
from . import asa_names, asks
from .asa_service import Service, Services, ports, service
from .blocks import Line
from .words import NotUnderstoodError, Words

NETWORK, SERVICE, PROTOCOL, ICMP_TYPE = "network", "service", "protocol", "icmp-type"
# Groups of things that a flow does not tell: who a user is, a TrustSec tag, what a name in a request is.
NOT_TOLD = ("user", "security", "network-service")
# Members that are more than these are kept as a set of the state, so that a rule that names them stays small.
_FEW = 16
_TYPED = {"tcp": (asa_names.TCP,), "udp": (asa_names.UDP,), "tcp-udp": asa_names.TCP_UDP}
_KIND = {4: "address4", 6: "address6"}
T = TypeVar("T")


@dataclass
class Addresses:
    """Ranges by family; addresses under a mask with holes; and what is not known to be a member."""

    ranges: dict[int, list[tuple[int, int]]] = field(default_factory=lambda: {4: [], 6: []})
    masked: list[tuple[int, int]] = field(default_factory=list)
    unknown: dict[Unknown, None] = field(default_factory=dict)

    def exact(self) -> bool:
        return not self.masked and not self.unknown


@dataclass
class Definition:
    """An object or a group. ``protocols``: of a service group whose members are ports."""

    kind: str
    group: bool
    protocols: tuple[int, ...] = ()
    lines: list[list[str]] = field(default_factory=list)


class Objects:
    """``sets``: gets the members of large groups, by keys that tests of rules name."""

    def __init__(self, sets: dict[str, NamedSet]) -> None:
        self._sets = sets
        self.names: dict[str, str] = {}
        # Address of an interface; None where the device gets it from somebody.
        self.interfaces: dict[str, list[str] | None] = {}
        # What of the objects that rules name is not known, by object.
        self.problems: dict[str, str] = {}
        self._defined: dict[tuple[bool, str], Definition] = {}
        self._cache: dict[tuple[object, ...], Any] = {}

    # Definitions.

    def define(self, block: Line) -> None:
        """One ``object …`` or ``object-group …`` with what belongs to it; later ones of the same name add to it."""
        group, words = block.words[0] == "object-group", list(block.words[1:])
        if words[:1] == ["group"] and len(words) > 2:
            words = words[1:]
        if len(words) < 2:
            return
        kind, name, protocols = words[0], words[1], _TYPED.get(" ".join(words[2:3]), ())
        found = self._defined.get((group, name))
        if found is None or found.kind != kind or (protocols and found.protocols != protocols):
            found = self._defined[(group, name)] = Definition(kind, group, protocols)
        for line in block.children:
            _edit(found, line.words)

    def alias(self, words: list[str]) -> None:
        """``name ADDRESS NAME``."""
        if len(words) > 2:
            self.names[words[2]] = words[1]

    def forget(self, words: list[str]) -> None:
        """``no object… KIND NAME`` or ``clear configure object… [KIND]``, in a text of commands."""
        for (group, name), found in list(self._defined.items()):
            if group == (words[0] == "object-group") and words[1:3] in ([], [found.kind], [found.kind, name]):
                del self._defined[(group, name)]

    def kind(self, name: str) -> str:
        """Of a group; empty where there is none of this name."""
        found = self._defined.get((True, name))
        return found.kind if found is not None else ""

    def has(self, word: str, name: str) -> bool:
        return (word == "object-group", name) in self._defined

    def definitions(self) -> Iterator[NamedSet]:
        """What each holds, as it is written, so that a change of it is one of the firewall."""
        for (group, name), found in self._defined.items():
            key = f"{'object-group' if group else 'object'} {found.kind} {name}"
            yield NamedSet(key, ("other",), [(" ".join(words),) for words in found.lines], called=name)

    # Members.

    def address(self, words: Words, end: str) -> Match:
        """The match of ``any``, ``host A``, ``A MASK``, a prefix, an object, a group or an interface at this end."""
        for word in ("object", "object-group"):
            if words.peek() == word:
                words.next()
                return self.named(word, words.next("a name"), end)
        every = words.take("any", "any4", "any6")
        if every:
            return {"any4": asks.IPV4, "any6": asks.IPV6}.get(every, ALWAYS)
        return self._match(self.plain(words), end, "")

    def plain(self, words: Words) -> Addresses:
        """Addresses that are written where they are used."""
        found = Addresses()
        if words.take("host"):
            value = self._number(words.next("an address"))
            found.ranges[value[0]].append((value[1], value[1]))
        elif words.take("range"):
            self._range(words, found)
        elif words.take("fqdn"):
            name = words.next("a name")
            words.take("(unresolved)")
            found.unknown[Unknown(f"fqdn {name}", f"what the name {name} stands for is not known")] = None
        elif words.take("interface"):
            self._of_interface(words.next("the name of an interface"), found)
        elif "/" in words.peek():
            self._prefix(words.next(), found)
        else:
            self._under_mask(words.next("an address"), words.next("a mask"), found)
        return found

    def named(self, word: str, name: str, end: str) -> Match:
        """An ``object`` or ``object-group`` of addresses."""
        return self._kept(
            (word, name, end), lambda: self._match(self.members(word, name), end, f"{word} {name}")
        )

    def members(self, word: str, name: str) -> Addresses:
        def collect() -> Addresses:
            found = Addresses()
            for _typed, line in self._leaves(word, name, NETWORK, found.unknown):
                try:
                    self._member(Words(line), found)
                except NotUnderstoodError as error:
                    found.unknown[Unknown(" ".join(line), f"{word} {name}: {error}")] = None
            for ranges in found.ranges.values():
                ranges[:] = merge_ranges(ranges)
            self._note(word, name, found.unknown)
            return found

        return self._kept((word, name, "members"), collect)

    def services(self, word: str, name: str) -> Match:
        """An object or group in the place of the protocol."""
        return self._kept((word, name, "services"), lambda: self._services(word, name).match())

    def protocols(self, name: str) -> tuple[int, ...]:
        """Those of a group, if all of them have ports; none for other groups."""
        listed = self._services("object-group", name)
        found = {number for one in listed.known for number in one.protocols or (0,)}
        return tuple(sorted(found)) if found <= asa_names.PORTS.keys() and not listed.unknown else ()

    def single_service(self, name: str) -> Service:
        """The one that an object is. NotUnderstoodError for what is none, or not known."""
        found = self._services("object", name)
        if found.unknown or len(found.known) != 1:
            raise NotUnderstoodError(f"what service object {name} is is not known")
        return found.known[0]

    def ports(self, name: str, end: str, protocols: tuple[int, ...]) -> Match:
        """A group of ports after an address. NotUnderstoodError where its protocol is another than the entry's."""
        found = self._defined.get((True, name))
        if found is None or found.kind != SERVICE:
            raise NotUnderstoodError(f"there is no group of ports {name}")
        if not set(protocols) <= set(found.protocols):
            raise NotUnderstoodError(f"object-group {name} holds no ports of this protocol")

        def collect() -> Match:
            listed = self._services("object-group", name)
            ranges = [span for one in listed.known for span in one.destination or ()]
            unknown = [Unknown(f"{end} {one.key}", one.reason) for one in listed.unknown]
            return asks.either([In(f"{end}_port", merge_ranges(ranges)), *unknown])

        return self._kept((name, end, "ports"), collect)

    def messages(self, name: str, number: int) -> Match:
        """A group of ICMP messages."""
        unknown: dict[Unknown, None] = {}
        types: list[tuple[int, int]] = []
        for _typed, line in self._leaves("object-group", name, ICMP_TYPE, unknown):
            try:
                words = Words(line)
                words.expect("icmp-object")
                value = words.value("type", lambda word: asa_names.message(number, word))
                words.end()
                types.append((value, value))
            except NotUnderstoodError as error:
                unknown[Unknown(" ".join(line), f"object-group {name}: {error}")] = None
        self._note("object-group", name, unknown)
        return asks.either([*([In("icmp_type", merge_ranges(types))] if types else []), *unknown])

    # How members are read.

    def _services(self, word: str, name: str) -> Services:
        found = Services()
        wanted = PROTOCOL if word == "object-group" and self.kind(name) == PROTOCOL else SERVICE
        for typed, line in self._leaves(word, name, wanted, found.unknown):
            try:
                found.known.append(_service_member(Words(line), typed or asa_names.TCP_UDP))
            except NotUnderstoodError as error:
                found.unknown[Unknown(" ".join(line), f"{word} {name}: {error}")] = None
        self._note(word, name, found.unknown)
        return found

    def _note(self, word: str, name: str, unknown: dict[Unknown, None]) -> None:
        for one in unknown:
            self.problems.setdefault(f"{word} {name}", one.reason)

    def _leaves(
        self, word: str, name: str, kind: str, unknown: dict[Unknown, None]
    ) -> Iterator[tuple[tuple[int, ...], list[str]]]:
        """The lines of a definition and of all that it names, each definition once, with its protocols."""
        seen: set[tuple[bool, str]] = set()
        open_ones: set[tuple[bool, str]] = set()
        # (definition, its protocols, lines that are left of it), as deep as they are nested.
        stack: list[tuple[tuple[bool, str], tuple[int, ...], Iterator[list[str]]]] = []

        def enter(key: tuple[bool, str]) -> None:
            if key in open_ones:
                reason = f"object-group {key[1]} holds itself"
                unknown[Unknown(f"object-group {key[1]}", reason)] = None
            if key in seen:
                return
            seen.add(key)
            found = self._defined.get(key)
            title = f"{'object-group' if key[0] else 'object'} {key[1]}"
            if found is None or found.kind != kind:
                if found is not None or key[0] or kind != SERVICE or key[1] not in _WRITTEN:
                    why = f"there is no {title}" if found is None else f"{title} is one of {found.kind}"
                    unknown[Unknown(title, why)] = None
                else:
                    stack.append((key, (), iter([["service-object", *_WRITTEN[key[1]]]])))
                    open_ones.add(key)
                return
            if not found.group and not found.lines:
                unknown[Unknown(title, f"{title} has no value")] = None
            stack.append((key, found.protocols, iter(found.lines)))
            open_ones.add(key)

        enter((word == "object-group", name))
        while stack:
            key, typed, lines = stack[-1]
            for line in lines:
                inner = _reference(line)
                if inner is None:
                    yield typed, line
                else:
                    enter(inner)
                    break
            else:
                stack.pop()
                open_ones.discard(key)

    def _member(self, words: Words, found: Addresses) -> None:
        """One line of an object or group of addresses."""
        how = words.next()
        if how == "fqdn":
            raise NotUnderstoodError(f"what the name {words.rest()} stands for is not known")
        if how == "host":
            value = self._number(words.next("an address"))
            found.ranges[value[0]].append((value[1], value[1]))
        elif how == "range":
            self._range(words, found)
        elif how in ("subnet", "network-object"):
            part = self.plain(words)
            for family, ranges in part.ranges.items():
                found.ranges[family] += ranges
            found.masked += part.masked
            found.unknown.update(part.unknown)
        else:
            raise NotUnderstoodError(f"{how!r} is not understood")
        words.end()

    def _number(self, word: str) -> tuple[int, int]:
        """(family, value) of an address or of a name for one."""
        try:
            family, low, high = text.address_range(self.names.get(word, word))
        except ValueError:
            raise NotUnderstoodError(f"{word!r} is no address") from None
        if low != high:
            raise NotUnderstoodError(f"{word!r} is no single address")
        return family, low

    def _range(self, words: Words, found: Addresses) -> None:
        first, last = (self._number(words.next("an address")) for _end in range(2))
        if first[0] != last[0] or last[1] < first[1]:
            raise NotUnderstoodError("this is no range of addresses")
        found.ranges[first[0]].append((first[1], last[1]))

    def _prefix(self, word: str, found: Addresses) -> None:
        address, _slash, length = word.partition("/")
        family, value = self._number(address)
        width = text.WIDTH[family]
        counted = asa_names.whole(length, width)
        if counted is None:
            raise NotUnderstoodError(f"{word!r} is no prefix")
        free = width - counted
        low = value >> free << free
        found.ranges[family].append((low, low | (1 << free) - 1))

    def _under_mask(self, address: str, mask: str, found: Addresses) -> None:
        (family, value), (of_mask, bits) = self._number(address), self._number(mask)
        if family != 4 or of_mask != 4:
            raise NotUnderstoodError(f"'{address} {mask}' is no address with a mask")
        free = ~bits & 0xFFFFFFFF
        if free & (free + 1):
            found.masked.append((value & bits, bits))
        else:
            found.ranges[4].append((value & bits, value & bits | free))

    def _of_interface(self, name: str, found: Addresses) -> None:
        known = self.interfaces.get(name)
        if not known:
            why = f"the address of interface {name} is not known"
            found.unknown[Unknown(f"interface {name}", why)] = None
        for one in known or ():
            family, value = self._number(one.partition("/")[0])
            found.ranges[family].append((value, value))

    def _match(self, members: Addresses, end: str, title: str) -> Match:
        asked: list[Match] = []
        for family, ranges in members.ranges.items():
            if len(ranges) > _FEW and title:
                asked.append(self._as_set(title, family, tuple(ranges), end))
            elif ranges:
                asked.append(In(end, merge_ranges(ranges), family))
        asked += [Masked(end, value, mask, 4) for value, mask in members.masked]
        # What is not known is so of one end: the other may hold other addresses of the same group.
        asked += [Unknown(f"{end} {one.key}", one.reason) for one in members.unknown]
        return asks.either(asked)

    def _as_set(self, title: str, family: int, ranges: Ranges, end: str) -> Match:
        key = f"{title} ipv{family}"
        if key not in self._sets:
            self._sets[key] = NamedSet(key, (_KIND[family],), [(span,) for span in ranges])
        return Member(key, (end,))

    def _kept(self, key: tuple[object, ...], make: Callable[[], T]) -> T:
        if key not in self._cache:
            self._cache[key] = make()
        found: T = self._cache[key]
        return found


def _edit(found: Definition, words: list[str]) -> None:
    """One line below a definition: descriptions and translations are no members."""
    how = words[0]
    if how in ("description", "description:", "nat"):
        return
    if how == "no":
        if words[1:] in found.lines:
            found.lines.remove(words[1:])
    elif found.group:
        found.lines.append(words)
    else:  # an object has one value: a later one takes its place
        found.lines[:] = [words]


def _reference(line: list[str]) -> tuple[bool, str] | None:
    """The object or group that a member names."""
    if line[0] == "group-object" and len(line) == 2:
        return True, line[1]
    if line[0] in ("network-object", "service-object") and line[1:2] == ["object"] and len(line) == 3:
        return False, line[2]
    return None


def _service_member(words: Words, protocols: tuple[int, ...]) -> Service:
    """One line of an object or group of services, ports or protocols."""
    how = words.next()
    if how in ("service", "service-object"):
        return service(words)
    if how == "protocol-object":
        number = words.value("protocol", asa_names.protocol)
        words.end()
        return Service(None if number is None else (number,))
    if how == "port-object":
        found = ports(words, protocols)
        words.end()
        if found is not None:
            return Service(protocols, None, found)
    raise NotUnderstoodError(f"{how!r} is not understood")


def _all_built_in() -> Iterable[tuple[str, list[str]]]:
    """Services that the device knows without a definition (ASDM's "Predefined service objects"): protocols by their
    names, ports and messages by those with the protocol's before it."""
    for name in asa_names.PROTOCOLS:
        yield name, [name]
    for name, number in (("tcp", asa_names.TCP), ("udp", asa_names.UDP)):
        for port in asa_names.PORTS[number]:
            yield f"{name}-{port}", [name, "destination", "eq", port]
    for name, number in (("icmp", asa_names.ICMP), ("icmp6", asa_names.ICMP6)):
        for one in asa_names.MESSAGES[number]:
            yield f"{name}-{one}", [name, one]


_WRITTEN = dict(_all_built_in())
