# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The addresses that translations take from interfaces: what masquerading and redirecting give."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from ..model.flowset import FlowSet
from . import sources
from .network import Network
from .outcome import Passed
from .routes import FAMILY_NAME, Leg, Own

_NOWHERE = 0  # in nobody's network
_MOST = 100


def resolved(
    network: Network,
    host: str,
    passed: Passed,
    fields: dict[str, int | None],
    in_interface: str,
    leg: Leg | None,
) -> list[tuple[FlowSet, dict[str, int | None]]]:
    """Masquerading and redirecting take the address of the interface; other values that are not known stay so.

    Of several addresses, redirecting takes the first (nf_nat_redirect.c), masquerading what a packet of the host's own
    would get (nf_nat_masquerade.c): in IPv4 towards the next hop, in IPv6 towards the destination."""
    if "dst" in passed.of_interface and in_interface:
        return _redirected(network, host, passed, fields, in_interface)
    if "src" not in passed.of_interface or leg is None:
        return [(passed.after, fields)]
    found = []
    for family in passed.flows.families():
        after = passed.after.named("family", (FAMILY_NAME[family],))
        mine = network.addresses(host, family)
        split = _masqueraded4 if family == 4 else _masqueraded6
        for part, own in split(after, mine, leg, network.states[host].settings):
            if own is None:
                found.append((part, fields))
            else:
                found.append((part.assign("src", own.value, family), {**fields, "src": own.value}))
    return found


_Split = Iterator[tuple[FlowSet, Own | None]]


def _masqueraded4(flows: FlowSet, mine: Sequence[Own], leg: Leg, _settings: Mapping[str, int]) -> _Split:
    if leg.gateway is None:
        for own in mine:
            near = flows.only("dst", ((own.low, own.high),), 4) if own.interface == leg.interface else None
            if near:
                yield near, sources.ipv4(mine, leg.interface, own.value)
                flows = flows - near
    if flows:
        yield flows, sources.ipv4(mine, leg.interface, _NOWHERE if leg.gateway is None else leg.gateway)


def _masqueraded6(flows: FlowSet, mine: Sequence[Own], leg: Leg, settings: Mapping[str, int]) -> _Split:
    """Where several addresses are as good, it depends on the destination."""
    if len(sources.as_good(mine, leg.interface)) > 1:
        for low, high in flows.ranges("dst", 6)[:_MOST]:
            if low == high:
                one = flows.only("dst", ((low, low),), 6)
                yield one, sources.ipv6(mine, leg.interface, low, settings)
                flows = flows - one
        if flows:
            yield flows, None
    else:
        yield flows, sources.ipv6(mine, leg.interface, _NOWHERE, settings)


def _redirected(
    network: Network, host: str, passed: Passed, fields: dict[str, int | None], in_interface: str
) -> list[tuple[FlowSet, dict[str, int | None]]]:
    found = []
    for family in passed.flows.families():
        own = (one for one in network.addresses(host, family) if one.interface == in_interface)
        first = next(own, None)
        after = passed.after.named("family", (FAMILY_NAME[family],))
        if first is None:
            found.append((after, fields))
        else:
            found.append((after.assign("dst", first.value, family), {**fields, "dst": first.value}))
    return found
