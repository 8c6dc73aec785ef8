# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The flow of a trace as people write it -> which flows are followed, and from where."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from ..analyse.journey import plain
from ..analyse.network import Network
from ..analyse.walk import Start
from ..errors import FlowError, PathGuardError, PolicyError
from ..model import text
from ..model.fields import PROTOCOLS_WITH_PORTS
from ..model.flow import flows_from
from ..model.flowset import FlowSet
from ..model.match import Ranges
from .complain import unknown_name
from .ends import EndFinder, Ends
from .inventory import Groups, known_hosts
from .paths import ALL_PORTS, CLIENT_PORTS, REQUIRED, AddressRange, Endpoint, Path
from .services import Service, known_services, read_services

_ENDS = ("src", "dst")
# What says of packets how they look; the rest says where they are, which the trace itself finds out.
_CONTENT = ("protocol", "src_port", "dst_port", "icmp_type", "icmp_code")
_FOUND_OUT = {
    "out_interface": "a trace finds the way out itself",
    "in_zone": "a trace finds zones by their interfaces; say in_interface",
    "out_zone": "a trace finds zones by their interfaces",
    "tcp_flags": "a trace follows a new connection, its replies, and what comes after them",
    "mark": "packets begin without a mark",
    "ct_mark": "connections begin without a mark",
}
_EVERYWHERE = ("0.0.0.0/0", "::/0")
_PORTED = tuple((number, number) for number in PROTOCOLS_WITH_PORTS)
_OF_FAMILY = {4: (1, 1), 6: (58, 58)}  # protocol numbers of ICMP and ICMPv6


@dataclass(frozen=True, slots=True)
class Asked:
    """The path whose two ends are the flow's, and the ends as the network has them."""

    path: Path
    ends: Ends


@dataclass(frozen=True, slots=True)
class _Content(Service):
    """Whatever protocols and ports a flow names."""

    flows: FlowSet | None = None

    def select(self, flows: FlowSet, source_ports: Ranges) -> FlowSet:
        return flows & self.flows if self.flows is not None else flows


def asked_by(
    network: Network, groups: Groups, flow: Mapping[str, Any], host: str = "", in_interface: str = ""
) -> Asked:
    """FlowError or PolicyError for a flow that is malformed, or whose ends are nobody.

    ``src``, ``dst``: addresses, prefixes, ranges, a host or a group of the inventory. ``dst_port``: also a service's
    name. ``host`` and ``in_interface``: where it begins, which follows from ``src`` where they are left out."""
    if not isinstance(flow, Mapping):
        raise FlowError(
            f"a flow must be a mapping, and this is {flow!r}", "flow", 'write {"src": …, "dst": …}'
        )
    given = {str(key): value for key, value in flow.items() if value is not None}
    _refuse(given)
    where = given.pop("in_interface", "")
    if where and in_interface and where != in_interface:
        raise FlowError(
            f"the flow says in_interface {where!r} and the option {in_interface!r}",
            "in_interface",
            "say it once",
        )
    in_interface = in_interface or where
    if "dst" not in given:
        raise FlowError("the flow says no dst", "flow", "name an address, a prefix or a host")
    known = known_hosts(groups, network.states)
    _begins(network, known, host, in_interface)
    if "src" not in given and not host:
        raise FlowError(
            "the flow says no src", "flow", "name an address, a prefix or a host; or the option host"
        )
    if "src" not in given:
        given["src"] = list(_EVERYWHERE) if in_interface else host
    ends = {name: _endpoint(given.pop(name), name, groups, known) for name in _ENDS}
    if ends["src"].hosts == ends["dst"].hosts != ():
        raise FlowError(f"both ends of the flow are {ends['src'].label()}", "flow", "name two different ends")
    content = _Content("flow", None, flows=_content(network, given))
    path = Path("flow", REQUIRED, ends["src"], ends["dst"], (content,), "flow", source_ports=ALL_PORTS)
    found = _found(EndFinder(network, groups), path)
    return Asked(path, found if not host else _moved(network, found, host, in_interface))


def _found(finder: EndFinder, path: Path) -> Ends:
    try:
        return finder.find(path)
    except PolicyError:
        raise FlowError(
            "the flow means no packet at all",
            "flow",
            "its addresses must be of one family, its ends different, and its ports of a protocol that has ports",
        ) from None


def _refuse(flow: Mapping[str, Any]) -> None:
    for key, why in _FOUND_OUT.items():
        if key in flow:
            raise FlowError(f"{key} can't be given for a trace", "flow", why)
    if flow.get("connection", "new") != "new":
        raise FlowError("a trace begins with a new connection", "flow", "leave connection out")
    for key in flow:
        if key not in (*_ENDS, *_CONTENT, "in_interface", "connection"):
            raise unknown_name("key of a flow", key, [*_ENDS, *_CONTENT, "in_interface"], "flow")


def _begins(network: Network, known: list[str], host: str, in_interface: str) -> None:
    if in_interface and not host:
        raise FlowError("in_interface is given, and host is not", "in_interface", "say whose interface it is")
    if host and host not in network.states:
        if host not in known:
            raise unknown_name("host", host, known, "host")
        raise PathGuardError(f"there is no snapshot of {host}", "host", "gather it, or begin elsewhere")
    if in_interface and in_interface not in network.states[host].interfaces:
        raise unknown_name(
            f"interface of {host}", in_interface, list(network.states[host].interfaces), "in_interface"
        )


def _endpoint(value: Any, name: str, groups: Groups, known: list[str]) -> Endpoint:
    listed = value if isinstance(value, list) else [value]
    if not listed or not all(isinstance(item, str) and item.strip() for item in listed):
        raise FlowError(
            f"{name} is {value!r}", f"flow.{name}", "name an address, a prefix, a host or a group"
        )
    items = [part.strip() for item in listed for part in item.split(",")]
    if all(item in known for item in items):
        return Endpoint("hosts", f"flow.{name}", hosts=tuple(items))
    if len(items) == 1 and items[0] in groups:
        if not groups[items[0]]:
            raise FlowError(f"the group {items[0]} has no host", f"flow.{name}", "name another end")
        return Endpoint("hosts", f"flow.{name}", group=items[0])
    found = []
    for item in items:
        try:
            ranges = [text.address_range(one) for one in (_EVERYWHERE if item == "any" else (item,))]
        except ValueError:
            raise unknown_name("address, host or group", item, [*known, *groups], f"flow.{name}") from None
        found += [AddressRange(*one, item) for one in ranges]
    return Endpoint("addresses", f"flow.{name}", addresses=tuple(found))


def _content(network: Network, flow: Mapping[str, Any]) -> FlowSet:
    """The flow's protocols and ports, between any addresses. Clients send from ports that need no privileges."""
    space, rest = network.space, {key: value for key, value in flow.items() if key in _CONTENT}
    named = rest.get("dst_port")
    services: tuple[Service, ...] = ()
    if isinstance(named, str) and named.strip().lower() in known_services():
        services = read_services(rest.pop("dst_port"), "flow.dst_port")
    found = plain(flows_from(space, rest))
    if "src_port" not in rest:
        ported = found.only("protocol", _PORTED)
        found = found - ported | ported.only("src_port", CLIENT_PORTS)
    for family, number in _OF_FAMILY.items():
        icmp = found.only("protocol", (number,))
        found = found - icmp | icmp.named("family", (f"ipv{family}",))
    if not services:
        return found
    kept = space.nothing
    for service in services:
        kept = kept | service.select(found, ALL_PORTS)
    if not kept:
        raise FlowError(
            f"the service {named!r} is of another protocol", "flow.dst_port", "leave the flow's protocol out"
        )
    return kept


def _moved(network: Network, ends: Ends, host: str, in_interface: str) -> Ends:
    """The same flows, from where the question says that they begin."""
    flows = ends.asked
    if not in_interface:
        own = network.space.nothing
        for family in (4, 6):
            values = tuple(
                (item.value, item.value) for item in network.routing[host].addresses if item.family == family
            )
            own = own | flows.only("src", values, family) if values else own
        if flows - own:
            raise FlowError(
                f"{host} does not have all of the addresses of src", "flow.src",
                "say in_interface as well, if the flow comes in there",
            )  # fmt: skip
    starts = [Start(host, in_interface, flows)] if flows else []
    return replace(ends, starts=starts, entries=[], unentered=None, notes=[])
