# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a path's ``service`` means: protocols with ports, or ICMP types."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from ..errors import PolicyError
from ..model import text
from ..model.fields import PROTOCOLS, PROTOCOLS_WITH_PORTS
from ..model.flowset import FlowSet
from ..model.match import Range, Ranges, merge_ranges
from .complain import unknown_name

ANY = "any"
LAST_PORT = 65535
_ECHO_REQUEST = {"icmp": 8, "icmpv6": 128}  # RFC 792, RFC 4443
_ICMP = {PROTOCOLS["icmp"]: 4, PROTOCOLS["icmpv6"]: 6}


@dataclass(frozen=True, slots=True)
class Service:
    """One protocol (IANA number) with its destination ports, or its ICMP types; both None: all of it.

    ``protocol`` None: every protocol. ``name``: as the policy says it.
    """

    name: str
    protocol: int | None
    ports: Ranges | None = None
    types: Ranges | None = None

    @property
    def family(self) -> int:
        """4 or 6 for a protocol that only one of them carries, else 0."""
        return _ICMP.get(self.protocol, 0) if self.protocol is not None else 0

    def select(self, flows: FlowSet, source_ports: Ranges) -> FlowSet:
        """Those of ``flows`` that are of this service, from one of the source ports where there are any."""
        if self.protocol is None:
            return flows
        found = flows.only("protocol", ((self.protocol, self.protocol),))
        if self.family:
            found = found.named("family", (f"ipv{self.family}",))
        if self.types is not None:
            found = found.only("icmp_type", self.types)
        if self.protocol in PROTOCOLS_WITH_PORTS:
            found = found.only("src_port", source_ports)
            if self.ports is not None:
                found = found.only("dst_port", self.ports)
        return found

    def to_dict(self) -> dict[str, Any]:
        found: dict[str, Any] = {
            "protocol": ANY if self.protocol is None else text.protocol_text(self.protocol)
        }
        if self.ports is not None:
            found["ports"] = text.ranges_to_text("dst_port", self.ports)
        if self.types is not None:
            found["types"] = text.ranges_to_text("icmp_type", self.types)
        return found


@cache
def known_services() -> Mapping[str, Mapping[str, Any]]:
    """The table of names, from services.json beside this file (ports: IANA, or the product's default)."""
    found: dict[str, Mapping[str, Any]] = json.loads(
        Path(__file__).with_name("services.json").read_text(encoding="utf-8")
    )
    return found


def read_ports(value: Any, where: str) -> Ranges:
    """A port, ``"6432-6440"`` or a list of these -> sorted ranges; PolicyError at the JSON path."""
    found: list[Range] = []
    listed = value if isinstance(value, list) else [value]
    if not listed:
        raise PolicyError("the list of ports is empty", where, "name at least one port")
    for index, item in enumerate(listed):
        at = f"{where}[{index}]" if isinstance(value, list) else where
        try:
            if isinstance(item, bool) or not isinstance(item, (int, str)):
                raise ValueError(f'{item!r} is neither a number nor a range such as "6432-6440"')
            low, high = (int(item), int(item)) if isinstance(item, int) else _decimal_range(item)
            if low < 0 or high > LAST_PORT:
                raise ValueError(f"{item!r} is outside 0 to {LAST_PORT}")
        except ValueError as error:
            raise PolicyError(
                f"not a port: {error}", at, 'write a number from 0 to 65535, or "low-high"'
            ) from error
        found.append((low, high))
    return merge_ranges(found)


def _decimal_range(value: str) -> Range:
    parts = value.split("-")
    if len(parts) > 2 or not all(part.strip().isascii() and part.strip().isdecimal() for part in parts):
        raise ValueError(f'{value!r} is neither a number nor a range such as "6432-6440"')
    if any(part.strip() != str(int(part)) for part in parts):
        raise ValueError(f"{value!r} begins with a zero, which is another number to some")
    low, high = int(parts[0]), int(parts[-1])
    if high < low:
        raise ValueError(f"the range {value!r} runs backwards")
    return low, high


def read_services(value: Any, where: str) -> tuple[Service, ...]:
    """A path's ``service`` -> its parts; PolicyError at the JSON path."""
    if isinstance(value, list):
        if not value:
            raise PolicyError("the list of services is empty", where, "name at least one service")
        return tuple(
            part for index, item in enumerate(value) for part in read_services(item, f"{where}[{index}]")
        )
    if isinstance(value, Mapping):
        return _from_mapping(value, where)
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        raise PolicyError(
            f"{value!r} is not a service", where, "write a name, a port, or {protocol: tcp, ports: [5432]}"
        )
    if value == 0:
        raise PolicyError("no service has port 0", where, "write a number from 1 to 65535")
    if isinstance(value, int):
        return (Service(str(value), PROTOCOLS["tcp"], read_ports(value, where)),)
    return _from_text(value, where)


def _from_text(value: str, where: str) -> tuple[Service, ...]:
    name = value.strip().lower()
    if name == ANY:
        return (Service(name, None),)
    ports, slash, protocol = name.partition("/")
    if slash or ports[:1].isdigit():
        number = _protocol(protocol or "tcp", where)
        if number not in PROTOCOLS_WITH_PORTS:
            raise PolicyError(f"{protocol!r} has no ports", where, "write {protocol: " + protocol + "}")
        return (Service(value, number, read_ports(ports, where)),)
    entry = known_services().get(name)
    if entry is None:
        raise unknown_name(
            "service", value, [*known_services(), ANY], where, "or write {protocol: tcp, ports: [5432]}"
        )
    if "ports" in entry:
        ranges = read_ports(list(entry["ports"]), where)
        return tuple(Service(name, PROTOCOLS[protocol], ranges) for protocol in entry["protocols"])
    return tuple(
        Service(name, PROTOCOLS[protocol], types=((number, number),))
        for protocol, number in _ECHO_REQUEST.items()
    )


def _protocol(value: Any, where: str) -> int:
    try:
        if isinstance(value, bool) or not isinstance(value, (str, int)):
            raise ValueError(f"{value!r} is neither a name nor a number")
        return text.protocol_number(value)
    except ValueError as error:
        raise unknown_name(
            "protocol", str(value), list(PROTOCOLS), where, "or write its number, 0 to 255"
        ) from error


def _from_mapping(value: Mapping[str, Any], where: str) -> tuple[Service, ...]:
    for key in value:
        if key not in ("protocol", "ports", "types"):
            raise unknown_name("key of a service", key, ["protocol", "ports", "types"], f"{where}.{key}")
    if "protocol" not in value:
        raise PolicyError("the service names no protocol", where, "write {protocol: tcp, ports: [5432]}")
    number = _protocol(value["protocol"], f"{where}.protocol")
    name = text.protocol_text(number)
    ports = read_ports(value["ports"], f"{where}.ports") if "ports" in value else None
    if ports is not None and number not in PROTOCOLS_WITH_PORTS:
        raise PolicyError(f"{name} has no ports", f"{where}.ports", "leave the ports out")
    if "types" not in value:
        return (Service(name, number, ports),)
    if number not in _ICMP:
        raise PolicyError(f"{name} has no ICMP types", f"{where}.types", "leave the types out")
    return (Service(name, number, None, _types(value["types"], f"{where}.types")),)


def _types(value: Any, where: str) -> Ranges:
    if not isinstance(value, list) or not value:
        raise PolicyError("the types must be a list of numbers", where, "write types: [8]")
    for index, item in enumerate(value):
        if isinstance(item, bool) or not isinstance(item, int) or not 0 <= item <= 255:
            raise PolicyError(
                f"{item!r} is not an ICMP type", f"{where}[{index}]", "write a number from 0 to 255"
            )
    return merge_ranges((item, item) for item in value)


def must_be_closed(services: tuple[Service, ...], where: str) -> None:
    """A required path names what it needs: 'any' would demand all 256 protocols."""
    if any(service.protocol is None for service in services):
        raise PolicyError(
            "a required path can't ask for any service", where, "name the service that it needs"
        )
