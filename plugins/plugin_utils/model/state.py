# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The normalised state of one host or device: firewall, interfaces, routes, listeners, as of now.

``to_dict`` gives the document that policies see (schemas/state.schema.json); ``from_dict`` reads it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from ..errors import StateError
from . import shape, text
from .rules import Chain, Ruleset, Verdict

FORMAT = 1


def unknown_boot(reason: str) -> dict[str, Any]:
    """``boot`` of a host of which is not known what it loads at boot."""
    return {"matches": "unknown", "reason": reason, "sources": []}


@dataclass(slots=True)
class NamedSet:
    """A named set, map or ipset.

    ``fields``: the kind of each part of an element, in order: address4, address6, port, protocol, mark,
    name (interface), other. ``elements``: a tuple of inclusive ranges per element, a part each
    (``((low, high), (low, high))``); names are strings. ``dynamic``: rules add members as packets pass
    (``flags dynamic``, ``add @set``, ``-j SET``), so anything may be a member by now. ``expiring``: the
    indexes of elements that will time out; they are members now and may not be later. ``timed``: its members may
    have a time-out (``flags timeout``, ipset's ``timeout``), so that they come and go by what programs find.
    ``complete``: False if the members could not be read.
    ``verdicts``: for a verdict map, one per element; ``data``: for another map, what each element maps to.
    ``managed_by``: the program that made the set. ``called``: of an object of a device, whose elements are the lines
    that say what it is: its name in rules and other objects.
    """

    key: str
    fields: tuple[str, ...]
    elements: list[tuple[tuple[int, int] | str, ...]] = field(default_factory=list)
    dynamic: bool = False
    complete: bool = True
    verdicts: list[Verdict] | None = None
    expiring: list[int] = field(default_factory=list)
    managed_by: str = ""
    data: list[str] | None = None
    called: str = ""
    timed: bool = False

    @property
    def is_map(self) -> bool:
        return self.verdicts is not None or self.data is not None

    def to_dict(self) -> dict[str, Any]:
        found: dict[str, Any] = {
            "fields": list(self.fields),
            "elements": [self._element_text(element) for element in self.elements],
            "dynamic": self.dynamic,
            "complete": self.complete,
        }
        if self.expiring:
            found["expiring"] = list(self.expiring)
        if self.verdicts is not None:
            found["verdicts"] = [verdict.to_dict() for verdict in self.verdicts]
        if self.data is not None:
            found["data"] = list(self.data)
        if self.managed_by:
            found["managed_by"] = self.managed_by
        if self.called:
            found["called"] = self.called
        if self.timed:
            found["timed"] = True
        return found

    def _element_text(self, element: tuple[tuple[int, int] | str, ...]) -> list[str]:
        return [part_text(kind, part) for kind, part in zip(self.fields, element)]

    @classmethod
    def from_dict(cls, key: str, value: Mapping[str, Any]) -> NamedSet:
        shape.every(value, _NAMED_SET)
        fields = tuple(value["fields"])
        verdicts = value.get("verdicts")
        elements = value["elements"]
        expiring = value.get("expiring", ())
        if any(len(element) != len(fields) for element in elements):
            raise ValueError(f"an element of {key} has other parts than {', '.join(fields)}")
        if verdicts is not None and len(verdicts) != len(elements):
            raise ValueError(
                f"the verdict map {key} has {len(verdicts)} verdicts for {len(elements)} elements"
            )
        if not isinstance(value.get("called", ""), str):
            raise ValueError(f"the name of {key} is {value['called']!r}")
        if not all(shape.is_whole(index) and 0 <= index < len(elements) for index in expiring):
            raise ValueError(f"{key} has no such expiring elements: {expiring!r}")
        return cls(
            key,
            fields,
            [tuple(_part_value(kind, part) for kind, part in zip(fields, element)) for element in elements],
            value["dynamic"],
            value["complete"],
            None if verdicts is None else [Verdict.from_dict(verdict) for verdict in verdicts],
            list(expiring),
            value.get("managed_by", ""),
            list(value["data"]) if "data" in value else None,
            value.get("called", ""),
            bool(value.get("timed", False)),
        )


_NAMED_SET: dict[str, shape.Check] = {
    "fields": shape.is_texts,
    "elements": lambda value: isinstance(value, list),
    "dynamic": shape.is_flag,
    "complete": shape.is_flag,
}
_MAXIMUM = {"port": 0xFFFF, "protocol": 0xFF, "mark": 0xFFFFFFFF}


def part_text(kind: str, part: tuple[int, int] | str) -> str:
    if isinstance(part, str):
        return part
    low, high = part
    if kind.startswith("address"):
        family = int(kind[-1])
        found = text.prefixes(family, low, high)
        if len(found) == 1:
            return found[0]
        return f"{text.address_text(family, low)}-{text.address_text(family, high)}"
    return text.number_text(low, high)


def _part_value(kind: str, part: str) -> tuple[int, int] | str:
    if not isinstance(part, str):
        raise ValueError(f"{part!r} is no text")
    if kind in ("name", "other"):
        return part
    if kind.startswith("address"):
        family, low, high = text.address_range(part)
        if kind != f"address{family}":
            raise ValueError(f"{part!r} is no {kind}")
        return low, high
    low, high = text.number_range(part)
    if high > _MAXIMUM[kind]:
        raise ValueError(f"{part!r} is no {kind}")
    return low, high


def _numbers(value: Any) -> dict[str, int]:
    if not isinstance(value, Mapping) or not all(shape.is_whole(number) for number in value.values()):
        raise ValueError(f"{value!r} does not map names to whole numbers")
    return {str(name): number for name, number in value.items()}


@dataclass(slots=True)
class Interface:
    """``addresses``: with their prefix length (``10.10.1.1/24``). ``master``: the bridge, bond or VRF that it belongs
    to. ``mtu`` in bytes. ``carrier``: False
    where the link is known to carry nothing, though the interface is up. ``address_flags``: by address what
    ip-address(8) says of some: deprecated, temporary, secondary, tentative, dadfailed, and the scopes link and host.
    ``groups``: the link groups by which a rule may name it."""

    name: str
    addresses: list[str] = field(default_factory=list)
    up: bool = True
    kind: str = ""
    master: str = ""
    mtu: int | None = None
    groups: list[str] = field(default_factory=list)
    zone: str = ""
    carrier: bool = True
    address_flags: dict[str, list[str]] = field(default_factory=dict)


@dataclass(slots=True)
class NextHop:
    """``via``: a gateway's address, or empty for a directly connected network."""

    interface: str
    via: str = ""
    weight: int = 1


@dataclass(slots=True)
class Route:
    """``kind``: unicast, local, broadcast, multicast, blackhole, unreachable, prohibit, throw; of one that is not
    followed, why (``by nhid 9``, ``encap mpls``, ``from fd00::/56``: for the packets of these sources alone).
    ``destination``: a prefix, ``0.0.0.0/0`` and ``::/0`` for the default route. ``source``: the address
    that the host prefers for its own packets (RFC 6724 applies where there is none). ``tos``: the type of
    service of the only packets that it is for, empty for all."""

    family: int
    destination: str
    kind: str = "unicast"
    table: str = "main"
    metric: int = 0
    source: str = ""
    next_hops: list[NextHop] = field(default_factory=list)
    tos: str = ""


@dataclass(slots=True)
class RouteRule:
    """A policy routing rule (ip-rule(8)): selectors that it has beyond these are in ``not_understood``.

    ``negated``: it is for packets that its selectors, taken together, do not describe. ``protocol``: a name or
    number; ports: one, or ``1-9``. ``users``: those whose sockets' packets it is for, as a range. ``out_interface``:
    what these sockets are bound to. ``suppress_length``: routes with a prefix as long or shorter do not count."""

    family: int
    priority: int
    table: str
    action: str = "lookup"
    src: str = ""
    dst: str = ""
    in_interface: str = ""
    mark: str = ""
    not_understood: list[str] = field(default_factory=list)
    negated: bool = False
    protocol: str = ""
    src_port: str = ""
    dst_port: str = ""
    users: str = ""
    out_interface: str = ""
    suppress_length: int | None = None


@dataclass(slots=True)
class Listener:
    """A listening socket. ``address``: one of the host's, or ``0.0.0.0``, ``::`` for all; ``v6_only`` tells
    whether ``::`` leaves IPv4 out."""

    protocol: str
    address: str
    port: int
    process: str = ""
    interface: str = ""
    v6_only: bool = True


@dataclass(slots=True)
class State:
    """``forwarding``: whether the host passes packets on, per family; None = not known.
    ``not_understood``: ``{where, text, reason}``. ``unreadable``: ``{what, reason}``; while
    ``firewall_known`` is False, the rules could not be read and every verdict is unknown.
    ``settings``: the kernel's that decide about packets, by their sysctl(8) names; only those that were read.
    ``fingerprint``: ``static`` and ``dynamic`` (rules of declared dynamic owners), sha256 in hex."""

    host: str
    platform: str = "linux"
    hostname: str = ""
    boot_id: str = ""
    rulesets: dict[str, Ruleset] = field(default_factory=dict)
    chains: dict[str, Chain] = field(default_factory=dict)
    sets: dict[str, NamedSet] = field(default_factory=dict)
    interfaces: dict[str, Interface] = field(default_factory=dict)
    routes: list[Route] = field(default_factory=list)
    route_rules: list[RouteRule] = field(default_factory=list)
    listeners: list[Listener] = field(default_factory=list)
    forwarding: dict[str, bool | None] = field(default_factory=lambda: {"ipv4": None, "ipv6": None})
    firewall_known: bool = True
    not_understood: list[dict[str, str]] = field(default_factory=list)
    unreadable: list[dict[str, str]] = field(default_factory=list)
    fingerprint: dict[str, str] = field(default_factory=dict)
    boot: dict[str, Any] = field(default_factory=lambda: unknown_boot("not gathered"))
    settings: dict[str, int] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        return {
            "format": FORMAT,
            "host": self.host,
            "platform": self.platform,
            "hostname": self.hostname,
            "boot_id": self.boot_id,
            "rulesets": {key: ruleset.to_dict() for key, ruleset in self.rulesets.items()},
            "chains": {key: chain.to_dict() for key, chain in self.chains.items()},
            "sets": {key: named.to_dict() for key, named in self.sets.items()},
            "interfaces": {name: asdict(interface) for name, interface in self.interfaces.items()},
            "routes": [asdict(route) for route in self.routes],
            "route_rules": [asdict(rule) for rule in self.route_rules],
            "listeners": [asdict(listener) for listener in self.listeners],
            "forwarding": dict(self.forwarding),
            "firewall_known": self.firewall_known,
            "not_understood": [dict(item) for item in self.not_understood],
            "unreadable": [dict(item) for item in self.unreadable],
            "fingerprint": dict(self.fingerprint),
            "boot": dict(self.boot),
            "settings": dict(self.settings),
        }

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> State:
        if not isinstance(value, Mapping):
            raise StateError(
                f"a state is a mapping, and this is {type(value).__name__}", "", "gather the host again"
            )
        where = f"state of {value.get('host', 'a host')}"
        if value.get("format") != FORMAT:
            raise StateError(
                f"the state has format {value.get('format')!r}, and this version reads format {FORMAT}",
                where,
                "gather the host again with firewall_info",
            )
        try:
            shape.every(value, _STATE)
            return cls(
                host=value["host"],
                platform=value["platform"],
                hostname=value["hostname"],
                boot_id=value["boot_id"],
                rulesets={key: Ruleset.from_dict(key, item) for key, item in value["rulesets"].items()},
                chains={key: Chain.from_dict(key, item) for key, item in value["chains"].items()},
                sets={key: NamedSet.from_dict(key, item) for key, item in value["sets"].items()},
                interfaces={
                    name: shape.sound(Interface(**item), shape.INTERFACE)
                    for name, item in value["interfaces"].items()
                },
                routes=[
                    shape.sound(
                        Route(**{**item, "next_hops": [NextHop(**hop) for hop in item["next_hops"]]}),
                        shape.ROUTE,
                    )
                    for item in value["routes"]
                ],
                route_rules=[
                    shape.sound(RouteRule(**item), shape.ROUTE_RULE) for item in value["route_rules"]
                ],
                listeners=[shape.sound(Listener(**item), shape.LISTENER) for item in value["listeners"]],
                forwarding=dict(value["forwarding"]),
                firewall_known=value["firewall_known"],
                not_understood=list(value["not_understood"]),
                unreadable=list(value["unreadable"]),
                fingerprint=dict(value["fingerprint"]),
                boot=dict(value["boot"]) if "boot" in value else unknown_boot("not gathered"),
                settings=_numbers(value.get("settings", {})),
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise StateError(
                f"the state can't be read: {error!r}", where, "gather the host again with firewall_info"
            ) from error


def _are_notes(*keys: str) -> shape.Check:
    return lambda value: (
        isinstance(value, list)
        and all(
            isinstance(item, Mapping)
            and all(key in item for key in keys)
            and all(isinstance(said, str) for said in item.values())
            for item in value
        )
    )


_STATE: dict[str, shape.Check] = {
    "host": shape.is_text,
    "platform": shape.is_text,
    "hostname": shape.is_text,
    "boot_id": shape.is_text,
    "forwarding": lambda value: (
        isinstance(value, Mapping)
        and all(found is None or isinstance(found, bool) for found in value.values())
    ),
    "firewall_known": shape.is_flag,
    "not_understood": _are_notes("where", "reason"),
    "unreadable": _are_notes("what", "reason"),
    "fingerprint": lambda value: isinstance(value, Mapping) and shape.is_texts(list(value.values())),
}
