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
_SINGLY = 256  # up to so many addresses a static rule is told address by address


_Two = tuple[Range, Range]
_Pair = tuple[int, Range, Range]


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
        port = None if kind == "dnat" or node.find("port", "no-translation") else _TRANSLATED_PORTS
        ranges: list[tuple[int, int]] = []
        family = 0
        addresses = node.find("address")
        for leaf in addresses.leaves() if addresses is not None else ():
            words = Words(leaf)
            match = words.value("address", lambda word: asks.network("dst", word))
            low, high = match.ranges[0]
            if words.take("to"):
                last = words.value("address", lambda word: asks.network("dst", word))
                high = last.ranges[0][1]
            if words.take("port"):
                number = words.value("port", int)
                port = (number, number)
            words.end()
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
                pairs = _static_pairs(rule) if not why else None
                if pairs is None:
                    said = why or ["what it translates to is not understood"]
                    effect = Effect("unknown", field=_CHANGED["dnat"], detail=said[0])
                    yield _rule(both(context, asked), text, (effect,), rule.line, said)
                    continue
                for family, old, new in pairs:
                    here = both(context, asked, In("dst", (old,), family))
                    yield _rule(here, text, (Effect("dnat", family=family, address=new),), rule.line, [])

    def _static_back(self) -> Iterator[Rule]:
        for node in self._rule_sets("static"):
            context = self._context(node, "from", "out")
            for rule in node.each("rule"):
                text = f"rule-set {node.word} rule {rule.text()}, from inside"
                pairs = _static_pairs(rule)
                others = set(rule.names("match")) - {"destination-address"}
                if pairs is None or others:
                    why = "what it does with connections from inside is not understood"
                    effect = Effect("unknown", field=_CHANGED["snat"], detail=why)
                    asked = both(context, Unknown(text, why))
                    yield _rule(asked, text, (effect,), rule.line, [why])
                    continue
                for family, old, new in pairs:
                    here = both(context, In("src", (new,), family))
                    yield _rule(here, text, (Effect("snat", family=family, address=old),), rule.line, [])


def _rule(asked: Match, text: str, effects: tuple[Effect, ...], line: int, why: list[str]) -> Rule:
    return Rule(1, asked, ACCEPT, text, effects, line=line, not_understood=tuple(dict.fromkeys(why)))


def _static_pairs(rule: Node) -> list[_Pair] | None:
    """(family, address before, address after); None for what is more than an address or prefix for another."""
    olds = rule.names("match", "destination-address")
    news = rule.names("then", "static-nat", "prefix")
    prefix = rule.find("then", "static-nat", "prefix", *news[:1])
    if len(olds) != 1 or len(news) != 1 or prefix is None or prefix.children:
        return None
    try:
        old, new = asks.network("dst", olds[0]), asks.network("dst", news[0])
    except ValueError:
        return None
    before, after = old.ranges[0], new.ranges[0]
    if old.family != new.family or before[1] - before[0] != after[1] - after[0]:
        return None
    return [(old.family, *two) for two in _one_by_one(before, after) or [(before, after)]]


def _one_by_one(before: Range, after: Range) -> list[_Two]:
    """The first address for the first, and so on; none where the ranges differ in size, or are very long."""
    size = before[1] - before[0]
    if size != after[1] - after[0] or size >= _SINGLY:
        return []
    return [((before[0] + at,) * 2, (after[0] + at,) * 2) for at in range(size + 1)]
