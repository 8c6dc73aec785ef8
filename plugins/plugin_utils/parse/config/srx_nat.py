# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""NAT of SRX: what static, destination and source rules make of the ends of a connection.

Source: Juniper, "NAT User Guide": "NAT Overview", "Understanding NAT Rule Sets and Rules" (static before destination,
then routes and policies, then static the other way round before source; of rule sets whose contexts both fit, the more
specific counts: interface, zone, routing instance; of its rules the first that fits), "Source NAT Pools" (ports are
translated, unless ``port no-translation``), "Understanding Destination NAT" (a range to another of the same size is
translated address by address), "Static NAT" (so it is, and both ways). Names are of the global address book.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ...model.match import ALWAYS, In, Match, Named, Not, Range, Unknown, both, merge_ranges, protocol
from ...model.rules import ACCEPT, Effect, Rule, Ruleset
from ...model.text import address_range
from . import asks, junos_names
from .braces import Node
from .device import Device
from .junos_interfaces import with_unit
from .srx_policy import Book
from .words import NotUnderstoodError, Words

_CONTEXTS = ("interface", "zone", "routing-instance")
_FIELDS = {"from": "in", "to": "out"}
_ADDRESSES = {"source-address": "src", "destination-address": "dst"}
_PORTS = {"source-port": "src_port", "destination-port": "dst_port"}
_PORTED = protocol(6, 17)
_CHANGED = {"dnat": "dst,dst_port", "snat": "src,src_port"}
_TRANSLATED_PORTS = (1024, 0xFFFF)
_TRANSLATES = frozenset(("destination-address", "destination-address-name", "destination-port"))
_PORT_WORDS = ("mapped-port", "to")
_SINGLY = 256  # up to so many addresses a static rule is told address by address


_Two = tuple[Range, Range]


@dataclass(frozen=True)
class _Mapped:
    """What a static rule translates: addresses of ``family`` and, where there are, destination ports, each of them
    before and after."""

    family: int
    address: _Two
    ports: _Two | None

    def came(self) -> Match:
        """Packets to the address before."""
        ports = both(_PORTED, asks.ports("dst_port", self.ports[0])) if self.ports is not None else ALWAYS
        return both(In("dst", (self.address[0],), self.family), ports)

    def sent(self) -> Match:
        """Packets from the address after."""
        ports = both(_PORTED, asks.ports("src_port", self.ports[1])) if self.ports is not None else ALWAYS
        return both(In("src", (self.address[1],), self.family), ports)


@dataclass
class _Pool:
    family: int
    address: tuple[int, int]
    port: tuple[int, int] | None


class Nat:
    """Makes the rulesets of NAT, if there is any."""

    def __init__(self, device: Device, root: Node, book: Book) -> None:
        self._device = device
        self._nat = root.find("security", "nat") or Node("")
        self._root = root
        self._book = book
        self._ruleset("nat destination", "prerouting", -100, (*self._static(), *self._destination()))
        self._ruleset("nat source", "postrouting", 100, (*self._static_back(), *self._source()))

    def _ruleset(self, name: str, hook: str, priority: int, rules: tuple[Rule, ...]) -> None:
        if not rules:
            return
        listed = [
            Rule(
                at,
                rule.match,
                rule.verdict,
                rule.text,
                rule.effects,
                line=rule.line,
                not_understood=rule.not_understood,
            )
            for at, rule in enumerate(rules, 1)
        ]
        state = self._device.state
        state.rulesets[name] = Ruleset(name, state.platform, "inet", hook, priority, "permit", "nat", listed)

    def _rule_sets(self, kind: str) -> list[Node]:
        def how_specific(node: Node) -> tuple[int, int]:
            found = [
                next((at for at, context in enumerate(_CONTEXTS) if node.find(side, context)), len(_CONTEXTS))
                for side in _FIELDS
            ]
            return found[0], found[1]

        return sorted(self._nat.each(kind, "rule-set"), key=how_specific)

    def _context(self, node: Node, side: str, direction: str = "") -> Match:
        """Where packets of a rule set come from, or go to; of both sides by ``direction`` in or out."""
        where = direction or _FIELDS[side]
        found: list[Match] = []
        for context in _CONTEXTS:
            names = tuple(node.names(side, context))
            if not names:
                continue
            if context == "zone":
                found.append(Named(f"{where}_zone", names))
            elif context == "interface":
                found.append(Named(f"{where}_interface", tuple(with_unit(name) for name in names)))
            else:
                found += [self._instance(name, f"{where}_interface") for name in names]
        return asks.either(found) if found else ALWAYS

    def _instance(self, name: str, field: str) -> Match:
        interfaces = self._device.state.interfaces.values()
        if name == "default":
            others = tuple(one.name for one in interfaces if one.master)
            return Not(Named(field, others)) if others else ALWAYS
        return Named(
            field, tuple(with_unit(one) for one in self._root.names("routing-instances", name, "interface"))
        )

    def _destination(self) -> Iterator[Rule]:
        for node in self._rule_sets("destination"):
            yield from self._of_set(node, self._context(node, "from"), "destination-nat", "dnat")

    def _source(self) -> Iterator[Rule]:
        for node in self._rule_sets("source"):
            asked = both(self._context(node, "from"), self._context(node, "to"))
            yield from self._of_set(node, asked, "source-nat", "snat")

    def _of_set(self, node: Node, context: Match, action: str, kind: str) -> Iterator[Rule]:
        for rule in node.each("rule"):
            text = f"rule-set {node.word} rule {rule.text()}"
            asked, why = self._conditions(rule)
            for family in (4, 6):
                if kind == "snat" and rule.find("then", action, "interface") is not None:
                    for by, address in self._leaving(node, family):
                        effect = Effect(
                            kind, family=family, address=(address, address), port=_TRANSLATED_PORTS
                        )
                        yield _rule(both(context, asked, by), text, (effect,), rule.line, why)
                for old, new in self._shifted(rule, family) if kind == "dnat" else ():
                    here = both(context, asked, In("dst", (old,), family))
                    yield _rule(here, text, (Effect(kind, family=family, address=new),), rule.line, why)
                effects, said = self._effects(rule, action, kind, family)
                why = [*why, *said]
                yield _rule(both(context, asked, asks.FAMILY[family]), text, effects, rule.line, why)
        if len(self._rule_sets(action.removesuffix("-nat"))) > 1:
            yield _rule(context, f"rule-set {node.word}: none of its rules", (), node.line, [])

    def _leaving(self, node: Node, family: int) -> Iterator[tuple[Match, int]]:
        """The interfaces by which packets of a rule set leave that have one address, which is the source then."""
        zones = node.names("to", "zone")
        named = [with_unit(name) for name in node.names("to", "interface")]
        for one in self._device.state.interfaces.values():
            if one.zone not in zones and one.name not in named:
                continue
            own = [address_range(address.partition("/")[0]) for address in one.addresses]
            found = [low for version, low, _high in own if version == family]
            if len(found) == 1:
                yield both(Named("out_interface", (one.name,)), asks.FAMILY[family]), found[0]

    def _shifted(self, rule: Node, family: int) -> list[_Two]:
        """Addresses one by one, where a range is translated to another of the same size."""
        match = rule.find("match") or Node("")
        plain, named = match.names("destination-address"), match.names("destination-address-name")
        pool = rule.value("then", "destination-nat", "pool")
        if len(plain) + len(named) != 1 or not pool:
            return []
        try:
            old = asks.network("dst", plain[0]) if plain else self._book.addresses.match("", named[0], "dst")
            new = self._pool(pool, "dnat")
        except (ValueError, NotUnderstoodError):
            return []
        if (
            not isinstance(old, In)
            or len(old.ranges) != 1
            or not old.family == new.family == family
            or new.port
        ):
            return []
        return _one_by_one(old.ranges[0], new.address)

    def _effects(
        self, rule: Node, action: str, kind: str, family: int
    ) -> tuple[tuple[Effect, ...], list[str]]:
        """What a rule does with packets of a family."""
        then = rule.find("then", action)
        words = list(then.leaves()) if then is not None else []
        what = words[0][0] if words else ""
        if what == "off":
            return (), []
        if what == "interface" and kind == "snat":
            return (Effect("masquerade", port=_TRANSLATED_PORTS),), []
        try:
            if what != "pool" or len(words[0]) < 2:
                raise NotUnderstoodError(f"{' '.join(words[0]) if words else action!r} is not understood")
            pool = self._pool(words[0][1], kind)
        except NotUnderstoodError as error:
            return (Effect("unknown", field=_CHANGED[kind], detail=str(error)),), [str(error)]
        if pool.family != family:  # a translation between families, if there are such packets
            return (Effect("unknown", field=_CHANGED[kind], detail="a pool of another family"),), []
        return (Effect(kind, family=family, address=pool.address, port=pool.port),), []

    def _pool(self, name: str, kind: str) -> _Pool:
        """NotUnderstoodError for one that is not there, or that has several addresses apart."""
        place = "destination" if kind == "dnat" else "source"
        node = self._nat.find(place, "pool", name)
        if node is None:
            raise NotUnderstoodError(f"pool {name} is not defined")
        doubt = next(node.doubts(), "")
        instance = node.value("routing-instance") if kind == "dnat" else ""
        if instance and (instance != "default" or self._root.find("routing-instances") is not None):
            raise NotUnderstoodError(f"pool {name}: routes of the instance {instance} are not modelled")
        port = None if kind == "dnat" or node.find("port", "no-translation") else _TRANSLATED_PORTS
        ranges: list[tuple[int, int]] = []
        family = 0
        addresses = node.find("address")
        for leaf in addresses.leaves() if addresses is not None else ():
            words = Words(leaf)
            alone = words.peek() == "port"  # "display set" has it in a line of its own
            match = None if alone else words.value("address", lambda word: asks.network("dst", word))
            last = (
                words.value("address", lambda word: asks.network("dst", word)) if words.take("to") else match
            )
            if words.take("port"):
                number = words.value("port", _port)
                port = (number, number)
            words.end()
            if match is None or last is None:
                continue
            low, high = match.ranges[0][0], last.ranges[0][1]
            if family not in (0, match.family) or high < low:
                raise NotUnderstoodError(f"pool {name}: its addresses are not understood")
            family = match.family
            ranges.append((low, high))
        merged = merge_ranges(ranges)
        if doubt or len(merged) != 1:
            raise NotUnderstoodError(f"pool {name}: {doubt or 'its addresses are not one range'}")
        return _Pool(family, merged[0], port)

    def _conditions(self, rule: Node) -> tuple[Match, list[str]]:
        found: dict[str, list[Match]] = {}
        why = list(rule.doubts())
        match = rule.find("match")
        for leaf in match.leaves() if match is not None else ():
            words = Words(leaf)
            try:
                while words.more():
                    name, asked = self._condition(words)
                    found.setdefault(name, []).append(asked)
            except NotUnderstoodError as error:
                why.append(str(error))
        unsure = [Unknown(rule.text(), one) for one in why[:1]]
        return both(*(asks.either(some) for some in found.values()), *unsure), why

    def _condition(self, words: Words) -> tuple[str, Match]:
        word = words.next()
        if word in _ADDRESSES:
            return word, words.value("address", lambda value: asks.network(_ADDRESSES[word], value))
        plain = word.removesuffix("-name")
        if plain in _ADDRESSES and plain != word:
            return plain, self._book.addresses.match("", words.next("a name"), _ADDRESSES[plain])
        if word in _PORTS:
            low = words.value("port", lambda value: junos_names.numbers(value, junos_names.PORTS, 0xFFFF))
            high = low
            if words.take("to"):
                high = words.value(
                    "port", lambda value: junos_names.numbers(value, junos_names.PORTS, 0xFFFF)
                )
            return word, both(_PORTED, asks.ports(_PORTS[word], (low[0], max(low[0], high[1]))))
        if word == "protocol":
            numbers = words.value(
                "protocol", lambda value: junos_names.numbers(value, junos_names.PROTOCOLS, 255)
            )
            return word, In("protocol", (numbers,))
        if word == "application":
            return word, self._book.applications.match(words.next("a name"))
        raise NotUnderstoodError(f"the condition {word!r} is not understood")

    def _static(self) -> Iterator[Rule]:
        for node in self._rule_sets("static"):
            context = self._context(node, "from")
            for rule in node.each("rule"):
                text = f"rule-set {node.word} rule {rule.text()}"
                asked, why = self._conditions(rule)
                mapped = self._mapped(rule) if not why else None
                if mapped is None:
                    said = why or ["what it translates to is not understood"]
                    effect = Effect("unknown", field=_CHANGED["dnat"], detail=said[0])
                    yield _rule(both(context, asked), text, (effect,), rule.line, said)
                    continue
                for one in mapped:
                    port = one.ports[1] if one.ports is not None else None
                    effect = Effect("dnat", family=one.family, address=one.address[1], port=port)
                    yield _rule(both(context, asked, one.came()), text, (effect,), rule.line, [])

    def _static_back(self) -> Iterator[Rule]:
        for node in self._rule_sets("static"):
            context = self._context(node, "from", "out")
            for rule in node.each("rule"):
                text = f"rule-set {node.word} rule {rule.text()}, from inside"
                mapped = self._mapped(rule)
                others = set(rule.names("match")) - _TRANSLATES
                if mapped is None or others:
                    why = "what it does with connections from inside is not understood"
                    effect = Effect("unknown", field=_CHANGED["snat"], detail=why)
                    sent = asks.either(one.sent() for one in mapped) if mapped else ALWAYS
                    yield _rule(both(context, sent, Unknown(text, why)), text, (effect,), rule.line, [why])
                    continue
                for one in mapped:
                    port = one.ports[0] if one.ports is not None else None
                    effect = Effect("snat", family=one.family, address=one.address[0], port=port)
                    yield _rule(both(context, one.sent()), text, (effect,), rule.line, [])

    def _mapped(self, rule: Node) -> list[_Mapped] | None:
        """What a static rule translates, address by address and port by port; None for what is more than addresses, or
        ports, for as many others."""
        try:
            old = self._range(rule, "match", "destination-address")
            new, port = self._target(rule)
            ports = _port_pairs(rule, port)
        except (ValueError, NotUnderstoodError):
            return None
        (before,), (after,) = old.ranges, new.ranges
        if old.family != new.family or before[1] - before[0] != after[1] - after[0]:
            return None
        addresses = _one_by_one(before, after) or [(before, after)]
        if len(addresses) * len(ports) > _SINGLY:
            return None
        return [_Mapped(old.family, address, two) for address in addresses for two in ports]

    def _range(self, rule: Node, *path: str) -> In:
        """The one range of addresses there, written or by the name of an address. ValueError for another number."""
        plain, named = rule.names(*path), rule.names(*path[:-1], f"{path[-1]}-name")
        (word,) = (*plain, *named)
        return self._one_range(word, bool(named))

    def _one_range(self, word: str, named: bool) -> In:
        found = self._book.addresses.match("", word, "dst") if named else asks.network("dst", word)
        if not isinstance(found, In) or len(found.ranges) != 1:
            raise ValueError(word)
        return found

    def _target(self, rule: Node) -> tuple[In, Range | None]:
        """The addresses and ports that a static rule translates to, which stand in one line or in several."""
        then = rule.find("then", "static-nat")
        ends: list[In] = []
        ports: list[int] = []
        for leaf in then.leaves() if then is not None else ():
            words = Words(leaf)
            named = words.expect("prefix", "prefix-name") == "prefix-name"
            if words.peek() not in _PORT_WORDS:
                ends.append(self._one_range(words.next("an address"), named))
            while words.take(*_PORT_WORDS):
                words.take("to")
                ports.append(words.value("port", _port))
            words.end()
        (end,) = ends
        if len(ports) > 2:
            raise ValueError("more than one range of ports")
        return end, (ports[0], ports[-1]) if ports else None


def _rule(asked: Match, text: str, effects: tuple[Effect, ...], line: int, why: list[str]) -> Rule:
    return Rule(1, asked, ACCEPT, text, effects, line=line, not_understood=tuple(dict.fromkeys(why)))


def _port(word: str) -> int:
    number = int(word)
    if not 0 <= number <= 0xFFFF:
        raise ValueError(word)
    return number


def _port_pairs(rule: Node, after: Range | None) -> list[_Two | None]:
    """Destination ports before and after, one by one; None for all of them, as they are. ValueError where their
    numbers differ."""
    asked = rule.find("match", "destination-port")
    if asked is None:
        if after is not None:
            raise ValueError("ports for all ports")
        return [None]
    (leaf,) = asked.leaves()
    words = Words(leaf)
    low = high = words.value("port", _port)
    if words.take("to"):
        high = words.value("port", _port)
    words.end()
    found = _one_by_one((low, high), after or (low, high))
    if not found:
        raise ValueError("as many ports before as after")
    return [*found]


def _one_by_one(before: Range, after: Range) -> list[_Two]:
    """The first address for the first, and so on; none where the ranges differ in size, or are very long."""
    size = before[1] - before[0]
    if size != after[1] - after[0] or size >= _SINGLY:
        return []
    return [((before[0] + at,) * 2, (after[0] + at,) * 2) for at in range(size + 1)]
