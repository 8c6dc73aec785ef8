# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who is where: the gathered hosts, who owns which address, and who sits on which network."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..model import text
from ..model.assumptions import SETTLING
from ..model.flowset import FlowSet, Space
from ..model.match import Ranges, merge_ranges
from ..model.state import Interface, State
from .answers import Answers
from .discovery import Discovery, Link
from .dress import Dresser
from .effects import Effects
from .evaluate import AFTER_NAT, HostFirewall, side_of
from .journey import DENY, UNKNOWN
from .outcome import Outcome
from .routes import FAMILY_NAME, Leg, Own, Routing, is_global
from .source_check import SourceCheck

if TYPE_CHECKING:
    from .survey import Survey

_LOOPBACK = "lo"
_OF_CONNECTIONS = frozenset(("connection", "ct_status", "ct_mark", "direction", "origin"))
# Kinds and link types (ip-link(8)) of interfaces with one other end: what they send, it gets, whatever its networks.
_ONE_OTHER_END = frozenset(
    (
        "tun",
        "wireguard",
        "ppp",
        "gre",
        "gre6",
        "ip6gre",
        "ipip",
        "sit",
        "ip6tnl",
        "tunnel6",
        "vti",
        "vti6",
        "xfrm",
        "none",
    )
)
# Kinds of interfaces on another one's link that take what is for their own addresses, as those of virtual routers (RFC
# 5798, section 7.3; ip-link(8)).
_WITH_OWN_LINK = ("macvlan", "ipvlan")


@dataclass(frozen=True, slots=True)
class Neighbour:
    """The host behind a leg, and the interface on which it takes the packet."""

    host: str
    interface: str


class Network:
    """The gathered hosts. Firewalls are indexed when first asked."""

    def __init__(
        self, states: Mapping[str, State], space: Space, firewalls: Mapping[str, HostFirewall] | None = None
    ) -> None:
        self.states = dict(states)
        self.space = space
        self.routing = {name: Routing(state) for name, state in self.states.items()}
        self._firewalls = dict(firewalls or {})
        self._assumed: frozenset[str] = frozenset()
        self._under: dict[frozenset[str], Network] = {}
        self._owners: dict[tuple[int, int], list[Neighbour]] = {}
        for name, routing in self.routing.items():
            space.learn("in_interface", self.states[name].interfaces)
            for own in routing.addresses:
                if is_global(own) or own.interface != _LOOPBACK:
                    self._owners.setdefault((own.family, own.value), []).append(
                        Neighbour(name, own.interface)
                    )
        self._owned = {
            family: sorted(value for version, value in self._owners if version == family) for family in (4, 6)
        }
        self._segments = self._find_segments()
        self._sides: dict[tuple[int, str, str, Neighbour], str] = {}
        self.hooks = {
            name: {ruleset.hook for ruleset in state.rulesets.values()} for name, state in self.states.items()
        }
        # Hooks with rules that see a known connection's packets when they have been translated there.
        self.after_nat = {
            name: {item.hook for item in state.rulesets.values() if side_of(item) == AFTER_NAT}
            for name, state in self.states.items()
        }

        self.dresser = Dresser(space)
        self._answers = Answers(space)
        # What became of ICMP errors (``errors_back``) and of replies (``replies``).
        self.errors_met: dict[object, Any] = space.cache()
        self.replies_met: dict[object, Any] = space.cache()
        self.errors_made: dict[object, FlowSet] = space.cache()
        # Hosts that let packets of open connections pass, as they see them.
        self.running_passed: dict[object, bool] = space.cache()
        # What hosts do with all that will be asked about, where somebody told it before.
        self.survey: Survey | None = None
        self._asks_connections: dict[str, bool] = {}
        self.source_check = SourceCheck(self.states, self.routing, space)
        self._discovery = self._discoverer()
        self.effects = {name: Effects.of(state) for name, state in self.states.items()}

    def _discoverer(self) -> Discovery:
        return Discovery(self.space, self._known_firewall, lambda host: self.routing[host].addresses)

    def under(self, assumptions: Iterable[str]) -> Network:
        """The same network, where these assumptions of a path hold; those that settle no condition change nothing."""
        names = frozenset(assumptions).intersection(SETTLING)
        if names == self._assumed:
            return self
        if names not in self._under:
            found = self._under[names] = copy(self)
            found._assumed = names
            found._discovery = found._discoverer()
            found.errors_met, found.replies_met = self.space.cache(), self.space.cache()
            found.running_passed = self.space.cache()
            found.survey = self.survey.of(found) if self.survey is not None else None
        return self._under[names]

    def _find_segments(self) -> dict[tuple[str, str, int], list[tuple[int, int]]]:
        """``(host, interface, family)`` -> the networks there, but for single addresses and one other end."""
        found: dict[tuple[str, str, int], list[tuple[int, int]]] = {}
        for name, routing in self.routing.items():
            kinds = {item.name: item.kind for item in self.states[name].interfaces.values()}
            for own in routing.addresses:
                if own.low < own.high and is_global(own) and kinds[own.interface] not in _ONE_OTHER_END:
                    found.setdefault((name, own.interface, own.family), []).append((own.low, own.high))
        return found

    def picks_up(self, host: str) -> bool | None:
        """Whether connection tracking takes a TCP connection from its middle; None: not known."""
        state = self.states[host]
        value = state.settings.get("net.netfilter.nf_conntrack_tcp_loose")
        return (None if state.platform == "linux" else True) if value is None else value != 0

    def firewall(self, host: str, progress: Callable[[str], None] | None = None) -> HostFirewall:
        """The host's firewall, built (and announced to ``progress``) when it is first needed."""
        if host not in self._firewalls:
            if progress is not None:
                progress(f"indexing the rules of {host}")
            self._firewalls[host] = HostFirewall(self.states[host], self.space)
        return self._firewalls[host].under(self._assumed)

    def ask(
        self,
        host: str,
        hook: str,
        flows: FlowSet,
        sides: tuple[str, ...],
        progress: Callable[[str], None] | None,
    ) -> Outcome:
        """What a host's rules at a hook do with flows, on these sides of its translations."""
        return self._answers.ask(self.firewall(host, progress), hook, flows, sides)

    def asks_connections(self, host: str) -> bool:
        """Whether rules of a host ask what connection tracking knows of packets; rules that translate are asked about
        those of no known connection."""
        found = self._asks_connections.get(host)
        if found is None:
            found = any(ruleset.type == "nat" for ruleset in self.states[host].rulesets.values()) or (
                bool(self.hooks[host]) and not self.firewall(host).asked.isdisjoint(_OF_CONNECTIONS)
            )
            self._asks_connections[host] = found
        return found

    def _known_firewall(self, host: str) -> HostFirewall | None:
        return self.firewall(host) if self.states[host].firewall_known else None

    def not_found(
        self, host: str, interface: str, flows: FlowSet, address: int, takers: Sequence[Neighbour]
    ) -> str:
        """Why ``host`` may not find who has an IPv6 address on the network behind an interface, to send ``flows``
        there; empty if nothing speaks against it. ``takers``: who is known to have it."""
        item = self.states[host].interfaces.get(interface)
        if item is not None and item.kind in _ONE_OTHER_END:
            return ""
        own = [one.value for one in self.addresses(host, 6) if one.interface == interface]
        sources = [value for value in own if flows.only("src", ((value, value),), 6)]
        ends = [Link(taker.host, taker.interface) for taker in takers]
        for source in sources or (None,):
            for end in ends or (None,):
                if why := self._discovery.fails(Link(host, interface), end, source, address):
                    return why
        return ""

    @property
    def firewalls(self) -> Mapping[str, HostFirewall]:
        """Those that were needed so far."""
        return self._firewalls

    def owners(self, family: int, address: int) -> list[Neighbour]:
        return self._owners.get((family, address), [])

    def addresses(self, host: str, family: int) -> list[Own]:
        """A host's addresses that others may use, in the order of its interfaces."""
        return self.routing[host].own(family)

    def owned_within(self, family: int, low: int, high: int) -> Iterator[tuple[int, Neighbour]]:
        """The addresses from ``low`` to ``high`` that gathered hosts own, ascending, with each owner."""
        values = self._owned[family]
        for value in values[bisect_left(values, low) : bisect_right(values, high)]:
            for owner in self._owners[family, value]:
                yield value, owner

    def owned_ranges(self, family: int) -> Ranges:
        return merge_ranges((value, value) for value in self._owned[family])

    def forwards(self, host: str, family: int) -> bool | None:
        return self.states[host].forwarding.get(FAMILY_NAME[family])

    def crowd(self, own: Own) -> int:
        """How many gathered hosts have an address in the network of ``own``."""
        return len({owner.host for _value, owner in self.owned_within(own.family, own.low, own.high)})

    def gateway_of(self, family: int, leg: Leg, sender: str) -> list[Neighbour]:
        """Who takes the packets of a leg over a gateway; several where hosts share the address."""
        if leg.gateway is None:
            return []
        return self.takers(family, leg.gateway, leg.interface, sender)[0]

    def takers(
        self, family: int, address: int, interface: str, sender: str
    ) -> tuple[list[Neighbour], list[Neighbour]]:
        """Which other hosts own an address and may be behind an interface of ``sender``, and which are not there."""
        near: list[Neighbour] = []
        far: list[Neighbour] = []
        for owner in self.owners(family, address):
            if owner.host == sender:
                continue
            apart = self._apart(family, (sender, interface), owner)
            entrances = () if apart else self._entrances(family, (sender, interface), owner)
            near += entrances
            if not entrances:
                far.append(owner)
        return list(dict.fromkeys(near)), far

    def _entrances(self, family: int, sender: tuple[str, str], owner: Neighbour) -> list[Neighbour]:
        """By which interfaces packets for an owner's address come in: what has no network where it is, as on a
        loopback, comes by those on the sender's, but for interfaces that take it themselves. None where it is not known
        which these are, or that the owner answers for it: over IPv6, each interface answers for its own addresses alone
        (``ndisc_recv_ns``)."""
        items = self.states[owner.host].interfaces
        item = items.get(owner.interface)
        loopback = _is_loopback(item)
        of_its_own = item is not None and item.kind in _WITH_OWN_LINK
        if not loopback and (of_its_own or (owner.host, owner.interface, family) in self._segments):
            return [owner]
        others = [
            Neighbour(owner.host, name) for name, item in items.items() if item.up and not _is_loopback(item)
        ]
        near = [other for other in others if self._share_a_network(family, sender, other)]
        if not near and not loopback:
            return [owner]
        found = near or (others if len(others) == 1 else [])
        return found if family == 4 else []

    def _share_a_network(self, family: int, sender: tuple[str, str], other: Neighbour) -> bool:
        here = self._segments.get((*sender, family), ())
        there = self._segments.get((other.host, other.interface, family), ())
        return any(low <= last and first <= high for low, high in here for first, last in there)

    def hearing(
        self, family: int, address: int, near: Sequence[Neighbour], sender: str, leg: Leg
    ) -> Iterator[tuple[Neighbour, str, str]]:
        """``(taker, verdict, why)`` of those behind a leg: deny where they don't get what is sent there, unknown where
        they may not."""
        for taker in near:
            why, maybe = self._deaf(family, taker, sender, leg.interface)
            if not why and family == 6 and self._mute(address, taker):
                why = f"{taker.host} does not answer for {text.address_text(6, address)}: somebody else has it, too"
            if why:
                yield taker, UNKNOWN if maybe or len(near) > 1 else DENY, why
            else:
                why = "" if leg.gateway is not None else self._one_sided(family, sender, leg.interface, taker)
                yield taker, UNKNOWN if why else "", why

    def _deaf(self, family: int, taker: Neighbour, sender: str, interface: str) -> tuple[str, bool]:
        """Why ``taker`` gets nothing by its interface, empty if nothing speaks against it; and whether it may still
        answer for its address by another one on the same network (ip-sysctl.rst, ``arp_ignore``)."""
        item = self.states[taker.host].interfaces.get(taker.interface)
        if item is None or (item.up and item.carrier):
            return "", False
        others = [
            Neighbour(taker.host, other.name)
            for other in self.states[taker.host].interfaces.values()
            if other.up and other.carrier and other.name not in (_LOOPBACK, taker.interface)
        ]
        maybe = any(not self._apart(family, (sender, interface), other) for other in others)
        return f"{taker.host}: {taker.interface} {'has no carrier' if item.up else 'is down'}", maybe

    def _mute(self, address: int, taker: Neighbour) -> bool:
        """Whether an IPv6 address failed its check for duplicates (RFC 4862, section 5.4.5)."""
        return any(
            own.value == address and own.interface == taker.interface and "dadfailed" in own.flags
            for own in self.routing[taker.host].addresses
        )

    def _one_sided(self, family: int, sender: str, interface: str, taker: Neighbour) -> str:
        """Why it is not known whether ``sender`` finds ``taker`` on its own network: the taker's mask and routes say
        otherwise; empty if they don't."""
        key = (family, sender, interface, taker)
        if key not in self._sides:
            self._sides[key] = self._why_one_sided(*key)
        return self._sides[key]

    def _why_one_sided(self, family: int, sender: str, interface: str, taker: Neighbour) -> str:
        there = self._segments.get((taker.host, taker.interface, family))
        mine = [own.value for own in self.addresses(sender, family) if own.interface == interface]
        if not there or not mine or any(low <= value <= high for low, high in there for value in mine):
            return ""
        back = (self.routing[taker.host].route_to(family, value)[1] for value in mine)
        if Leg("forward", taker.interface) in back:
            return ""
        return f"{sender} has {taker.host} on the network of {interface}, where {taker.host} does not have {sender}"

    def _apart(self, family: int, sender: tuple[str, str], owner: Neighbour) -> bool:
        """Whether both interfaces have networks, and none of the one overlaps one of the other. What an owner has on
        its loopback it answers for by any other interface (ip-sysctl.rst, ``arp_ignore``)."""
        here = self._segments.get((*sender, family))
        items = self.states[owner.host].interfaces
        names = [owner.interface]
        if _is_loopback(items.get(owner.interface)):
            names = [name for name, item in items.items() if item.up and not _is_loopback(item)]
        there = [self._segments.get((owner.host, name, family)) for name in names]
        if not here or not there or not all(there):
            return False
        return not any(self._share_a_network(family, sender, Neighbour(owner.host, name)) for name in names)

    def edges(self) -> Iterator[tuple[str, str]]:
        """``(host, interface)`` of every interface that leads to no other gathered host."""
        for name, state in self.states.items():
            for interface in state.interfaces.values():
                if _is_loopback(interface) or not interface.up:
                    continue
                mine = [
                    own
                    for own in self.routing[name].addresses
                    if own.interface == interface.name and is_global(own)
                ]
                if mine and not any(self._others_near(name, own) for own in mine):
                    yield name, interface.name

    def _others_near(self, host: str, own: Own) -> bool:
        return any(owner.host != host for _value, owner in self.owned_within(own.family, own.low, own.high))


def _is_loopback(interface: Interface | None) -> bool:
    """Whether nothing ever comes in by an interface that holds addresses."""
    return interface is not None and (interface.name == _LOOPBACK or interface.kind in ("loopback", "dummy"))
