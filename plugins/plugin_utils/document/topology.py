# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which hosts are in which networks, and a drawing of it that stays as it is while the network does.

Networks are level lines, hosts stand below each other's heads in columns, and a dot is an interface: as a drawing of
buses has it. Hosts in the same networks share a column unless they pass packets on. Order and place come from names
and addresses alone, so a new host or network moves as little as can be.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ..model.state import Interface, State
from ..render.clean import clipped
from ..render.words import runs

Address = ipaddress.IPv4Interface | ipaddress.IPv6Interface
Prefix = ipaddress.IPv4Network | ipaddress.IPv6Network
# Pixels.
_COLUMN, _ROW, _HEAD, _EDGE, _LINE = 128, 46, 16, 14, 15
_LETTER = 7  # of a network's name
_WIDE = 16  # characters of a column's head
_LINES = 3
# Columns: what is wider is no picture any more.
_MOST = 80


@dataclass(frozen=True)
class Wire:
    """One network. ``prefixes``: of both families where the same interfaces are in them. ``ends``: (host, interface)
    pairs."""

    prefixes: tuple[str, ...]
    ends: tuple[tuple[str, str], ...]

    @property
    def name(self) -> str:
        return ", ".join(self.prefixes)

    @property
    def hosts(self) -> list[str]:
        return list(dict.fromkeys(host for host, _interface in self.ends))


@dataclass(frozen=True)
class Column:
    """``hosts``: all in the same networks. ``router``: whether they pass packets on."""

    hosts: tuple[str, ...]
    wires: tuple[int, ...]
    router: bool


@dataclass(frozen=True)
class Topology:
    wires: list[Wire]
    columns: list[Column]


def addresses_of(interface: Interface) -> Iterable[Address]:
    """Those by which others can be spoken to: no loopback, no link-local."""
    for text in interface.addresses:
        found = ipaddress.ip_interface(text)
        if not (found.is_loopback or found.is_link_local):
            yield found


def is_router(state: State) -> bool:
    return any(state.forwarding.values())


def topology(states: Mapping[str, State]) -> Topology:
    members: dict[Prefix, set[tuple[str, str]]] = {}
    for host, state in states.items():
        for interface in state.interfaces.values():
            for address in addresses_of(interface):
                if address.network.num_addresses > 1:
                    members.setdefault(address.network, set()).add((host, interface.name))
    together: dict[tuple[tuple[str, str], ...], list[Prefix]] = {}
    for prefix in sorted(members, key=_order):
        together.setdefault(tuple(sorted(members[prefix])), []).append(prefix)
    wires = [Wire(tuple(map(str, prefixes)), ends) for ends, prefixes in together.items()]
    return Topology(wires, _columns(states, wires))


def _order(prefix: Prefix) -> tuple[int, int, int]:
    return prefix.version, int(prefix.network_address), prefix.prefixlen


def _columns(states: Mapping[str, State], wires: list[Wire]) -> list[Column]:
    joined = {
        host: tuple(index for index, wire in enumerate(wires) if host in wire.hosts)
        for host in sorted(states)
    }
    groups: dict[tuple[Any, ...], list[str]] = {}
    for host, among in joined.items():
        router = is_router(states[host])
        groups.setdefault((among, router, host if router else ""), []).append(host)
    columns = [Column(tuple(hosts), key[0], key[1]) for key, hosts in groups.items() if key[0]]
    return sorted(columns, key=lambda column: (not column.router, column.wires, column.hosts))


@dataclass(frozen=True)
class Drawn:
    """Pixels. ``levels``: (y, the network's name) of each wire. ``heads``: (x, router, lines of text, first y, last y,
    ys of its dots). ``top``: where the heads end."""

    width: int
    height: int
    top: int
    levels: list[tuple[int, str]]
    heads: list[tuple[int, bool, list[str], int, int, list[int]]]
    told: str


def drawn(found: Topology) -> Drawn | None:
    """None where no host has a network, and where there are more columns than anybody would look at."""
    if not found.wires or len(found.columns) > _MOST:
        return None
    texts = [_head(column) for column in found.columns]
    top = _HEAD + _LINE * max(len(lines) for lines in texts)
    levels = [(top + _ROW * (index + 1) - _ROW // 3, wire.name) for index, wire in enumerate(found.wires)]
    # The names stand above their lines, so the first column may begin half a column before they end.
    left = max(_EDGE, _EDGE + _LETTER * max(len(wire.name) for wire in found.wires) - _COLUMN // 2 + _EDGE)
    heads = []
    for index, (column, lines) in enumerate(zip(found.columns, texts)):
        x = left + _COLUMN * index + _COLUMN // 2
        dots = [levels[wire][0] for wire in column.wires]
        heads.append((x, column.router, lines, top + 4, dots[-1], dots))
    return Drawn(
        width=left + _COLUMN * len(found.columns) + _EDGE,
        height=levels[-1][0] + _EDGE + 6,
        top=top,
        levels=levels,
        heads=heads,
        told="; ".join(f"{wire.name}: {', '.join(runs(wire.hosts))}" for wire in found.wires),
    )


def _head(column: Column) -> list[str]:
    """The names of a column, as far as there is room; how many there are in all where there is not."""
    names = runs(list(column.hosts))
    shown = names if len(names) <= _LINES else [*names[: _LINES - 1], f"and {len(names) - _LINES + 1} more"]
    return [clipped(name, _WIDE) for name in shown]
