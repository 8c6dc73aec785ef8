# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Translations of Cisco ASA since 8.3: what its table of them does to connections.

Sources: Cisco ASA Series Firewall CLI Configuration Guide, "Network Address Translation (NAT)": "Static NAT", "Dynamic
NAT", "Dynamic PAT", "Identity NAT"; syslog message 305013: who tries to connect to a translated host by its real
address is rejected. Connections from both sides ask the same table, and the first entry that fits decides.
"""

from __future__ import annotations

from dataclasses import dataclass

from ...model.match import ALWAYS, NEVER, In, Match, Named, Ranges, Unknown, both, protocol
from ...model.rules import ACCEPT, DROP, Effect, Rule, Ruleset, Verdict
from . import asks
from .asa_interfaces import NamedInterface
from .asa_nat_read import Ports, Translation, families, spans, table
from .asa_objects import Addresses, Objects
from .asa_sessions import NEW
from .blocks import Line
from .device import Device
from .words import NotUnderstoodError, Words

# Up to this many addresses that are translated one by one, each is followed; beyond, where within its range one goes is
# not known.
_MOST = 256
_ANY_PORT = (0, 0xFFFF)
_IN, _OUT = "in_interface", "out_interface"
# The mark of packets whose destination was translated: this platform has no marks of its own.
_MARKED = Effect("set", field="mark", value=1)
_TRANSLATED, _UNTRANSLATED = In("mark", ((1, 1),)), In("mark", ((0, 0),))
# Protocols of which connections can share an address with others.
_SHARING = protocol(1, 6, 17, 58, 132)
_NOT_SHARING = "whether packets of this protocol can share an address with others is not known"
_OLD_COMMANDS = ("static", "global", "nat-control", "nat")


def before_8_3(config: list[Line], *, mapped: bool) -> list[Line]:
    """Lines of translations whose lists see mapped addresses. ``mapped``: the version is one before 8.3."""
    return [line for line in config if line.words[0] in _OLD_COMMANDS and (mapped or _is_old(line.words))]


def rules(device: Device, config: list[Line], interfaces: list[NamedInterface], objects: Objects) -> None:
    """The rulesets of translations."""
    listed = table(config, objects)
    if listed:
        _Rulesets(device, interfaces, objects).add(listed)


def _is_old(words: list[str]) -> bool:
    """``static (a,b) …``, ``global (b) …``, ``nat-control`` and ``nat (a) NUMBER …``."""
    return words[0] != "nat" or (
        words[1:2] != [] and words[1].startswith("(") and "," not in "".join(words[1:3])
    )


@dataclass(frozen=True)
class _End:
    """One end of a packet, as a translation finds it and leaves it. ``shared``: with others, whose ports differ. A port
    stays what it is then, if no other connection has it, and else becomes one of the same range ("Dynamic PAT"): it is
    taken to stay, as it is on Linux."""

    name: str
    before: Addresses | None
    after: Addresses | None
    ports: Ports
    to_interface: bool = False
    shared: bool = False


class _Rulesets:
    """``nat/destination`` where packets come in, ``nat/reverse path`` and ``nat/source`` on their way out."""

    def __init__(self, device: Device, interfaces: list[NamedInterface], objects: Objects) -> None:
        self._device = device
        self._objects = objects
        self._told = {one.name: one.told and bool(one.addresses) for one in interfaces}
        self._destination: list[Rule] = []
        self._source: list[Rule] = []
        self._reverse: list[Rule] = []

    def add(self, listed: list[Translation]) -> None:
        for one in listed:
            if one.problem:
                self._not_modelled(one)
                continue
            if not one.dynamic and not one.unidirectional:
                self._from_mapped_side(one)
            self._from_real_side(one)
            self._by_real_address(one)
        state = self._device.state
        for key, hook, priority, found in (
            ("nat/destination", "prerouting", -100, self._destination),
            ("nat/source", "postrouting", 100, self._source),
        ):
            state.rulesets[key] = Ruleset(key, state.platform, "inet", hook, priority, "permit", "nat", found)
        self._device.hook("nat/reverse path", "forward", 90, self._reverse, "permit")

    def _not_modelled(self, one: Translation) -> None:
        """Packets by its interfaces may be translated, to anything."""
        self._device.not_understood(f"line {one.line}", one.text, one.problem)
        named = tuple(side for side in one.sides if side)
        asked = Named(_IN, named) if len(named) == 2 else ALWAYS
        maybe = both(asked, Unknown(one.text, one.problem))
        for listed, kind in ((self._destination, "dnat"), (self._source, "snat")):
            for family, last in ((4, (1 << 32) - 1), (6, (1 << 128) - 1)):
                effect = Effect(kind, family=family, address=(0, last), port=_ANY_PORT)
                _add(listed, one, both(asks.FAMILY[family], maybe), ACCEPT, (effect,), one.problem)

    def _from_real_side(self, one: Translation) -> None:
        """A packet from a real address, for the mapped address of the other end where the entry has one."""
        real_side, mapped_side = one.sides
        came = [*_by(_IN, real_side), *_protocols(one), *_ports("src_port", one.source_ports.real)]
        if one.destination is not None:
            real, mapped = one.destination
            asked = both(*came, *_among("src", one.real))
            ports = Ports(one.destination_ports.mapped, one.destination_ports.real)
            self._translated(self._destination, one, asked, _End("dst", mapped, real, ports))
        asked = both(*came, *_by(_OUT, mapped_side), *self._of_destination(one))
        end = _End("src", one.real, self._mapped(one), one.source_ports, one.to_interface, one.dynamic)
        self._translated(self._source, one, asked, end)

    def _from_mapped_side(self, one: Translation) -> None:
        """A packet for a mapped address."""
        real_side, mapped_side = one.sides
        came = [*_by(_IN, mapped_side), *_protocols(one), *_ports("src_port", one.destination_ports.real)]
        other = one.destination[0] if one.destination is not None else None
        ports = Ports(one.source_ports.mapped, one.source_ports.real)
        mapped = self._mapped(one)
        if one.to_interface and mapped is None:
            why = f"the address of interface {mapped_side or '(any)'} is not known"
            came.append(Unknown(f"dst is interface {mapped_side}", why))
        asked = both(*came, *_among("src", other))
        self._translated(self._destination, one, asked, _End("dst", mapped, one.real, ports))
        if one.destination is not None:
            real, mapped = one.destination
            there = [*_among("dst", one.real), *_ports("dst_port", one.source_ports.real)]
            asked = both(*came, *_by(_OUT, real_side), *there)
            ports = Ports(one.destination_ports.real, one.destination_ports.mapped)
            self._translated(self._source, one, asked, _End("src", real, mapped, ports))

    def _by_real_address(self, one: Translation) -> None:
        """A packet from the mapped side for a real address: its answers would be translated, and so it is rejected."""
        real_side, mapped_side = one.sides
        ports = [
            *_ports("dst_port", one.source_ports.real),
            *_ports("src_port", one.destination_ports.real),
        ]
        ends = [*_among("dst", one.real), *_among("src", one.destination[0] if one.destination else None)]
        asked = both(NEW, *_by(_IN, mapped_side), *_by(_OUT, real_side), *_protocols(one), *ends, *ports)
        asked = both(asked, *_family(one))
        if one.identity():
            _add(self._reverse, one, asked, ACCEPT)
            return
        if one.unidirectional:
            why = "whether a translation of one direction is asked about answers is not known"
            _add(self._reverse, one, asked, Verdict("unknown", detail=why), (), why)
            return
        _add(self._reverse, one, both(asked, _UNTRANSLATED), DROP)
        if one.dynamic:
            why = "another entry translates the packet than would translate its answers"
            _add(self._reverse, one, asked, Verdict("unknown", detail=why), (), why)
        else:
            _add(self._reverse, one, asked, ACCEPT)

    def _of_destination(self, one: Translation) -> list[Match]:
        if one.destination is None:
            return []
        real, mapped = one.destination
        ports = one.destination_ports
        # Who names the other end by its real address does not meet the entry.
        named = [] if real == mapped and ports.real == ports.mapped else [_TRANSLATED]
        return [*_among("dst", real), *_ports("dst_port", ports.real), *named]

    def _mapped(self, one: Translation) -> Addresses | None:
        """What the source becomes; None for any, and for an interface whose address is not known."""
        if not one.to_interface:
            return one.mapped
        if not self._told.get(one.sides[1]):
            return None
        try:
            found = self._objects.plain(Words(["interface", one.sides[1]]))
        except NotUnderstoodError:
            return None
        return Addresses({4: found.ranges[4], 6: []})

    def _translated(self, listed: list[Rule], one: Translation, asked: Match, end: _End) -> None:
        """The rules by which an end of packets becomes another one."""
        asked = both(asked, *_ports(f"{end.name}_port", end.ports.real))
        port = _new_port(end)
        kind = "dnat" if end.name == "dst" else "snat"
        if end.before == end.after and not end.to_interface and port is None:
            _add(listed, one, both(asked, *_among(end.name, end.before)), ACCEPT)
            return
        if end.shared:
            refused = both(asked, *_among(end.name, end.before), *_family(one))
            shared = both(refused, _SHARING)
            _add(listed, one, shared, ACCEPT, (self._pool(end, kind),))
            _add(listed, one, refused, Verdict("unknown", detail=_NOT_SHARING), (), _NOT_SHARING)
            return
        marked = (_MARKED,) if kind == "dnat" else ()
        for before, after, family in _pairs(end):
            effect = Effect(kind, family=family if after else 0, address=after, port=port)
            if after is None and end.to_interface:
                effect = Effect("masquerade", port=port)
            where = [In(end.name, (before,), family)] if before is not None else []
            _add(listed, one, both(asked, *where), ACCEPT, (effect, *marked))

    @staticmethod
    def _pool(end: _End, kind: str) -> Effect:
        listed = [] if end.after is None else list(spans(end.after))
        if not listed:
            return Effect("masquerade")
        family = listed[0][0]
        of_family = [span for found, span in listed if found == family]
        hull = (min(low for low, _high in of_family), max(high for _low, high in of_family))
        return Effect(kind, family=family, address=hull)


def _add(
    listed: list[Rule],
    one: Translation,
    asked: Match,
    verdict: Verdict,
    effects: tuple[Effect, ...] = (),
    why: str = "",
) -> None:
    position = len(listed) + 1
    listed.append(
        Rule(position, asked, verdict, one.text, effects, line=one.line, not_understood=(why,) if why else ())
    )


def _by(side: str, interface: str) -> list[Match]:
    return [Named(side, (interface,))] if interface else []


def _family(one: Translation) -> list[Match]:
    """Of any source, a translation is for packets of the family that it translates to."""
    if one.real is not None or one.identity():
        return []
    found = {4} if one.to_interface or one.mapped is None else families(one.mapped)
    return [asks.either(asks.FAMILY[family] for family in sorted(found))]


def _protocols(one: Translation) -> list[Match]:
    return [protocol(*one.protocols)] if one.protocols else []


def _ports(name: str, ranges: Ranges | None) -> list[Match]:
    return [] if ranges is None else [In(name, ranges)]


def _among(end: str, addresses: Addresses | None) -> list[Match]:
    if addresses is None:
        return []
    found = [In(end, tuple(ranges), family) for family, ranges in addresses.ranges.items() if ranges]
    return [asks.either(found) if found else NEVER]


def _new_port(end: _End) -> tuple[int, int] | None:
    """What the port becomes, one of a range; None where it stays."""
    before, after = end.ports.real, end.ports.mapped
    return None if after is None or before == after else (after[0][0], after[-1][1])


def _pairs(end: _End) -> list[tuple[tuple[int, int] | None, tuple[int, int] | None, int]]:
    """(range before, range after, family): one by one where it is known which becomes which."""
    if end.before is None:  # an address that is not known
        return [(None, span, family) for family, span in spans(end.after)] if end.after else [(None, None, 0)]
    before = list(spans(end.before))
    if end.after is None or end.before == end.after:
        return [(span, None, family) for family, span in before]
    found: list[tuple[tuple[int, int] | None, tuple[int, int] | None, int]] = []
    for family in sorted(families(end.before)):
        mine = [span for one, span in before if one == family]
        theirs = [span for one, span in spans(end.after) if one == family]
        if not theirs:
            continue
        size = mine[0][1] - mine[0][0]
        same = len(mine) == len(theirs) == 1 and theirs[0][1] - theirs[0][0] == size
        if same and size < _MOST:
            for step in range(size + 1):
                at, to = mine[0][0] + step, theirs[0][0] + step
                found.append(((at, at), (to, to), family))
            continue
        hull = (min(low for low, _high in theirs), max(high for _low, high in theirs))
        found += [(span, hull, family) for span in mine]
    return found
