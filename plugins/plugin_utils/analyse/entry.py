# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Destinations about which a Linux host decides otherwise than by its routes.

Sources: ``ip_route_input_rcu`` and ``ip_route_input_slow`` (multicast groups, the limited broadcast address, loopback
addresses as martian destinations), ip-sysctl.rst (``route_localnet``: of ``all`` or of the interface), ``ip6_rcv_core``
and RFC 4291, sections 2.5.3 and 2.6.1. Rules that ask the routes (``fib``) ask the tables alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ..model import text
from ..model.flowset import FlowSet
from ..model.match import Range
from ..model.state import State
from .routes import LOOPBACK, Choice, Leg, Routing
from .sources import in_sysctl

ELSEWHERE = "(another interface)"  # no interface can have this name: a packet that no iif rule is for
Split = list[tuple[FlowSet, tuple[Leg, ...], int]]
_LO = "lo"
_TO_ALL: Range = text.address_range("255.255.255.255")[1:]
_MULTICAST: dict[int, Range] = {
    4: text.address_range("224.0.0.0/4")[1:],
    6: text.address_range("ff00::/8")[1:],
}
_GROUP = Leg("unknown", reason="which multicast groups the host has joined or routes is not followed")
_ANYCAST = Leg("unknown", reason="what the host takes for an IPv6 anycast address is not followed")
_OF_ANYCAST = Leg("deny", reason="the address is an anycast address")
_MARTIAN = Leg("deny", reason="the kernel drops packets from outside for a loopback address")
_MARTIAN_HERE = replace(_MARTIAN, reason=f"{_MARTIAN.reason}: route_localnet is off")
_MAYBE_MARTIAN = replace(
    _MARTIAN,
    kind="unknown",
    reason="whether route_localnet is on, without which packets from outside for a loopback address are dropped, "
    "is not known",
)


def split(routing: Routing, flows: FlowSet, in_interface: str) -> Split:
    """``Routing.split`` of packets that came in by ``in_interface``, or by any that no ip rule names (``ELSEWHERE``);
    empty for the host's own."""
    if routing.state.platform != "linux" or in_interface == _LO:
        return routing.split(flows, in_interface)
    found: Split = []
    for family in flows.families():
        for part, leg in list(_special(routing.state, flows, in_interface, family)):
            found.append((part, (leg,), family))
            flows = flows - part
    for part, legs, family in routing.split(flows, in_interface) if flows else ():
        found.append((part, (_ANYCAST,) if family == 6 and _OF_ANYCAST in legs else legs, family))
    return found


def choices(routing: Routing, flows: FlowSet, in_interface: str) -> Iterator[Choice]:
    """As ``split``, by what decides."""
    if routing.state.platform != "linux" or in_interface == _LO:
        yield from routing.choices(flows, in_interface)
        return
    for family in flows.families():
        for part, leg in list(_special(routing.state, flows, in_interface, family)):
            yield Choice(part, None, (), (leg,))
            flows = flows - part
    for choice in routing.choices(flows, in_interface):
        unsure = _OF_ANYCAST in choice.legs and choice.flows.families() == [6]
        yield replace(choice, legs=(_ANYCAST,)) if unsure else choice


def not_forwarding(state: State) -> list[str]:
    """Interfaces by which IPv4 packets may not come in to be sent on, though the host forwards (``IN_DEV_FORWARD``);
    of IPv6, only ``all`` counts (``ip6_forward``)."""
    if state.platform != "linux":
        return []
    return [
        name
        for name in state.interfaces
        if state.settings.get(f"net.ipv4.conf.{in_sysctl(name)}.forwarding") == 0
    ]


def _special(state: State, flows: FlowSet, in_interface: str, family: int) -> Iterator[tuple[FlowSet, Leg]]:
    if in_interface == ELSEWHERE:
        flows = flows - flows.named("in_interface", (_LO,))
    if group := (in_interface or family == 6) and flows.only("dst", (_MULTICAST[family],), family):
        yield group, _GROUP
    if not in_interface:
        return
    inside = flows.only("dst", (LOOPBACK[family],), family)
    if family == 6:
        if inside:
            yield inside, _MARTIAN
        return
    if to_all := flows.only("dst", (_TO_ALL,), 4):
        yield to_all, Leg("local")
    if inside:
        yield from _martian(state, inside, in_interface)


def _martian(state: State, flows: FlowSet, in_interface: str) -> Iterator[tuple[FlowSet, Leg]]:
    """Of IPv4 packets for a loopback address, those that the kernel does not even look up."""
    names = (
        [name for name in state.interfaces if name != _LO] if in_interface == ELSEWHERE else [in_interface]
    )
    allowed = {name: _route_localnet(state, name) for name in names}
    for name, does in allowed.items():
        here = flows.named("in_interface", (name,)) if in_interface == ELSEWHERE else flows
        if does is not False:
            flows = flows - here
        if does is None and here:
            yield here, _MAYBE_MARTIAN
    if flows:
        yield flows, _MARTIAN_HERE


def _route_localnet(state: State, interface: str) -> bool | None:
    values = [
        state.settings.get(f"net.ipv4.conf.{name}.route_localnet") for name in ("all", in_sysctl(interface))
    ]
    return True if any(values) else None if None in values else False
