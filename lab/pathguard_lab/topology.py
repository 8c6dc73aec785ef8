# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who is in the lab and where: hosts, segments, addresses and routes, as plain data.

The app hosts' numbers are chosen so that single bits of a mask matter: of the ten, a /25 keeps nine,
a /26 seven and a /27 three, in IPv6 (/121, /122, /123) as in IPv4.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network


@dataclass(frozen=True)
class Segment:
    """One switch. ``interface`` is what hosts call their leg in it; the management segment has no IPv6."""

    interface: str
    net4: IPv4Network
    net6: IPv6Network | None

    @property
    def switch(self) -> str:
        return self.interface.rstrip("0")

    def hardware(self, number: int) -> str:
        """A locally administered address that holds the IPv4 one."""
        return "02:00:" + ":".join(f"{byte:02x}" for byte in self.address4(number).packed)

    def address4(self, number: int) -> IPv4Address:
        return self.net4[number]

    def address6(self, number: int) -> IPv6Address | None:
        return None if self.net6 is None else self.net6[number]


APP = Segment("app0", IPv4Network("10.10.1.0/24"), IPv6Network("fd00:10:1::/64"))
DB = Segment("db0", IPv4Network("10.20.1.0/24"), IPv6Network("fd00:20:1::/64"))
MANAGEMENT = Segment("mgmt0", IPv4Network("10.99.0.0/24"), None)
SEGMENTS = (APP, DB, MANAGEMENT)

CONTROLLER, WIRE = "ctl", "wire"
CONTROLLER_NUMBER = 1


@dataclass(frozen=True)
class Host:
    """A host, its groups (the widest first; they name the folders its files come from) and its number in
    each segment. ``far`` is the segment that it reaches through the firewalls, None for a firewall."""

    name: str
    groups: tuple[str, ...]
    numbers: dict[str, int]
    far: Segment | None

    @property
    def management(self) -> str:
        return str(MANAGEMENT.address4(self.numbers["mgmt0"]))

    def legs(self) -> list[tuple[Segment, int]]:
        return [
            (segment, self.numbers[segment.interface])
            for segment in SEGMENTS
            if segment.interface in self.numbers
        ]


APP_NUMBERS = (5, 14, 23, 33, 41, 52, 62, 66, 100, 200)
FIREWALL_NUMBERS = {"fw1": 1, "fw2": 2}

HOSTS = {
    host.name: host
    for host in (
        Host("fw1", ("firewalls",), {"app0": 1, "db0": 1, "mgmt0": 2}, None),
        Host("fw2", ("firewalls",), {"app0": 2, "db0": 2, "mgmt0": 3}, None),
        Host("db1", ("db", "db_primary"), {"db0": 10, "mgmt0": 10}, APP),
        Host("db2", ("db", "db_standby"), {"db0": 11, "mgmt0": 11}, APP),
        *(
            Host(f"app{index:02d}", ("app",), {"app0": number, "mgmt0": 100 + index}, DB)
            for index, number in enumerate(APP_NUMBERS, 1)
        ),
    )
}
DATABASE_NAME = "shop-db"
DATABASES = frozenset(name for name, host in HOSTS.items() if "db" in host.groups)
APP_HOSTS = tuple(name for name, host in HOSTS.items() if "app" in host.groups)


def network_batch(host: Host, ecmp: bool) -> str:
    """``ip -batch`` lines that give a host its addresses and routes."""
    lines = ["link set lo up"]
    for segment, number in host.legs():
        name = segment.interface
        lines.append(f"address replace {segment.address4(number)}/{segment.net4.prefixlen} dev {name}")
        if segment.net6 is not None:
            lines.append(
                f"address replace {segment.address6(number)}/{segment.net6.prefixlen} dev {name} nodad"
            )
        lines.append(f"link set {name} up")
    lines += route_lines(host, ecmp)
    return "\n".join(lines) + "\n"


def route_lines(host: Host, ecmp: bool) -> list[str]:
    """The routes to the far segment: over fw1, or over both firewalls. None for a firewall."""
    if host.far is None:
        return []
    near = host.legs()[0][0]
    ways = tuple(FIREWALL_NUMBERS.values()) if ecmp else (FIREWALL_NUMBERS["fw1"],)
    return [
        _route(str(host.far.net4), [str(near.address4(way)) for way in ways], near.interface),
        _route(str(host.far.net6), [str(near.address6(way)) for way in ways], near.interface),
    ]


def _route(network: str, gateways: list[str], interface: str) -> str:
    if len(gateways) == 1:
        return f"route add {network} via {gateways[0]} dev {interface}"
    return f"route add {network} " + " ".join(
        f"nexthop via {gateway} dev {interface}" for gateway in gateways
    )


def hosts_file(name: str) -> str:
    """/etc/hosts of one host: the service addresses for hosts that have them, else the management's."""
    lines = ["127.0.0.1 localhost", "::1 localhost ip6-localhost", f"127.0.1.1 {name}"]
    for host in HOSTS.values():
        for segment, number in host.legs():
            alias = host.name if segment is host.legs()[0][0] else f"{host.name}-{segment.interface}"
            if name == CONTROLLER:
                alias = host.name if segment is MANAGEMENT else f"{host.name}-{segment.interface}"
            lines.append(f"{segment.address4(number)} {alias}")
            if segment.net6 is not None and name != CONTROLLER:
                lines.append(f"{segment.address6(number)} {alias}")
    lines.append(f"{MANAGEMENT.address4(CONTROLLER_NUMBER)} {CONTROLLER}")
    if name != CONTROLLER:  # the name that applications know the database by
        number = HOSTS["db1"].numbers[DB.interface]
        lines += [f"{DB.address4(number)} {DATABASE_NAME}", f"{DB.address6(number)} {DATABASE_NAME}"]
    return "\n".join(line for line in lines if line != f"127.0.1.1 {CONTROLLER}") + "\n"
