# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a policy says, as plain data: paths, endpoints, boundaries, waivers."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..model.assumptions import SETTLING
from ..model.match import Range, Ranges
from .services import Service

REQUIRED, FORBIDDEN = "required", "forbidden"
KEYWORDS = {REQUIRED: "requiredPaths", FORBIDDEN: "forbiddenPaths"}
REPLIES_TAKE_SAME_LEG = "replies_take_same_leg"
# Name -> what it means, for people. Those of ``SETTLING`` settle conditions of rules; the others are about ways.
ASSUMPTIONS = {
    REPLIES_TAKE_SAME_LEG: "replies come back over the same router as their flow went "
    "(Linux keeps no such promise across hosts unless their fib_multipath_hash_seed is the same)",
    **SETTLING,
}

# RFC 6056: what clients send from. Below 1024 a port needs privileges, and no client picks one.
CLIENT_PORTS: Ranges = ((1024, 65535),)
ALL_PORTS: Ranges = ((0, 65535),)


@dataclass(frozen=True, slots=True)
class AddressRange:
    """Addresses of one family (4 or 6), both ends included; ``text`` as the policy writes them."""

    family: int
    low: int
    high: int
    text: str

    @property
    def range(self) -> Range:
        return self.low, self.high


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One end of a path.

    ``kind``: hosts, addresses, any, dns. ``group``: set if the hosts are an inventory group's.
    ``hosts``: names, for kind hosts without a group. ``addresses``: what is meant (kind addresses), or
    which of the hosts' addresses are (kind hosts, where not empty). ``names``: to resolve (kind dns).
    ``where``: its JSON path.
    """

    kind: str
    where: str
    group: str = ""
    hosts: tuple[str, ...] = ()
    addresses: tuple[AddressRange, ...] = ()
    names: tuple[str, ...] = ()
    excepted: tuple[Endpoint, ...] = ()

    def walk(self) -> Iterator[Endpoint]:
        """This endpoint and all that it excepts."""
        yield self
        for other in self.excepted:
            yield from other.walk()

    def label(self) -> str:
        """Short, for people."""
        if self.kind == "any":
            found = "any"
        elif self.kind == "dns":
            found = "dns " + ", ".join(self.names)
        elif self.group:
            found = f"group {self.group}"
        elif self.hosts:
            found = ", ".join(self.hosts)
        else:
            found = ", ".join(item.text for item in self.addresses)
        if self.excepted:
            found += " except " + "; ".join(other.label() for other in self.excepted)
        return found


@dataclass(frozen=True, slots=True)
class Waiver:
    """A violation that is accepted until the end of ``expires`` (UTC)."""

    reason: str
    expires: datetime.date
    approved_by: str = ""

    def active(self, today: datetime.date) -> bool:
        return today <= self.expires


@dataclass(frozen=True, slots=True)
class Path:
    """One entry of requiredPaths or forbiddenPaths. ``families``: 4 and/or 6; empty: those that both ends have.
    ``too_big``: whether the ICMP errors about packets that are too big must come back, too. ``persistent``: whether
    boot must load what runs, on all firewalls on the way. ``standby``: whether it is one that a failover needs."""

    name: str
    kind: str
    source: Endpoint
    destination: Endpoint
    services: tuple[Service, ...]
    where: str
    families: tuple[int, ...] = ()
    source_ports: Ranges = CLIENT_PORTS
    via: tuple[str, ...] = ()
    severity: str = "high"
    owner: str = ""
    ticket: str = ""
    description: str = ""
    assume: tuple[str, ...] = ()
    waiver: Waiver | None = None
    too_big: bool = False
    persistent: bool = False
    standby: bool = False

    @property
    def required(self) -> bool:
        return self.kind == REQUIRED

    def endpoints(self) -> Iterator[Endpoint]:
        yield from self.source.walk()
        yield from self.destination.walk()


@dataclass(frozen=True, slots=True)
class Boundary:
    host: str
    interface: str


@dataclass(frozen=True, slots=True)
class Siblings:
    """Hosts whose firewalls must decide alike: those of a group, or ``hosts``. ``where``: its JSON path."""

    where: str
    name: str = ""
    group: str = ""
    hosts: tuple[str, ...] = ()

    def members(self, groups: Mapping[str, Sequence[str]]) -> list[str]:
        return list(dict.fromkeys(groups.get(self.group, ()) if self.group else self.hosts))

    def label(self) -> str:
        return self.name or (f"group {self.group}" if self.group else ", ".join(self.hosts))


@dataclass(frozen=True, slots=True)
class Policy:
    """A policy that was read and found well-formed. ``schema``: the document itself, native data.

    ``configuration``: whether it asks for configuration facts by JSON Schema's own keywords.
    ``name``: the file, or "the inline policy".
    """

    name: str
    title: str
    paths: tuple[Path, ...]
    boundaries: tuple[Boundary, ...] = ()
    siblings: tuple[Siblings, ...] = ()
    configuration: bool = False
    schema: dict[str, Any] = field(default_factory=dict)

    def path(self, name: str) -> Path | None:
        return next((path for path in self.paths if path.name == name), None)
