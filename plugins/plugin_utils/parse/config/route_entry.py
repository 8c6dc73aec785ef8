# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One route as a device shows it, before its interface is known in all cases."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass

MAIN = "main"
UNICAST, LOCAL, BLACKHOLE = "unicast", "local", "blackhole"
# Kinds of routes that lead where this table does not tell: what takes them is not known.
LEAKED, UNRESOLVED = "into another VRF or a tunnel", "over a next hop that is not resolved"


class NotReadError(Exception):
    """An output with a line that is not understood: a table without it would be another one. The text says
    where."""


@dataclass(frozen=True, slots=True)
class Hop:
    """``via``: the gateway, empty on the link. ``interface``: empty where the device names none."""

    interface: str = ""
    via: str = ""


@dataclass(slots=True)
class Entry:
    """``table``: ``MAIN`` or the VRF's name. ``destination``: a prefix without host bits. ``own``: a network of the
    device itself, by whose interface it is known which table that interface belongs to."""

    table: str
    destination: str
    kind: str
    hops: tuple[Hop, ...]
    own: bool = False

    @property
    def family(self) -> int:
        return 6 if ":" in self.destination else 4


def prefix(value: str, mask: str = "") -> str:
    """ValueError for what is no network."""
    return str(ipaddress.ip_network(f"{value}/{mask}" if mask else value))


def gateway(value: str, destination: str) -> str:
    """A next hop's address; empty where it stands for the link itself. ValueError for none."""
    found = ipaddress.ip_address(value.partition("%")[0])
    host = f"{found}/{found.max_prefixlen}"
    return "" if found.is_unspecified or host == destination else str(found)


def is_null(interface: str) -> bool:
    return interface.lower().startswith("null") or interface.lower() in ("discard", "blackhole")


def entry(
    table: str, destination: str, hops: Iterable[Hop], *, local: bool = False, own: bool = False
) -> Entry:
    """An ordinary route: what leads to the null interface leads nowhere."""
    ways = tuple(dict.fromkeys(hops))
    if not ways:
        raise ValueError(f"{destination} has no next hop")
    real = tuple(hop for hop in ways if not is_null(hop.interface))
    if local and real:
        return Entry(table, destination, LOCAL, real, own)
    return Entry(table, destination, UNICAST if real else BLACKHOLE, real, own)
