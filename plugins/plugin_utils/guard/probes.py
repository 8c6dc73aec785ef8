# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What new connections say, beside what the rules say: do they agree, and did they get worse?"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from ..render.clean import listed
from ..render.words import runs

REACHABLE, FLAPPING = "reachable", "flapping"
OPEN, CUT, SOME_WAYS, UNKNOWN = "open", "cut", "cut on some ways", "unknown"

# What a proof says of a pair -> the results of a probe that can't be. A pair is cut if one of several ways
# cuts it; a connection then gets through or not, as the kernels' hashes will have it.
IMPOSSIBLE: dict[str, frozenset[str]] = {
    OPEN: frozenset(
        {
            FLAPPING,
            "refused",
            "timeout",
            "reset",
            "handshake_failed",
            "no_route",
            "network_error",
            "not_probed",
        }
    ),
    CUT: frozenset({REACHABLE, FLAPPING}),
    SOME_WAYS: frozenset(),
    UNKNOWN: frozenset(),
}

# Where rules and routes let a connection pass, and it fails all the same: what it must be instead.
CAUSES = {
    "refused": "the host answers, but nothing listens there: no firewall that was read is the cause",
    "reset": "the connection is reset behind the firewalls that were read",
    "timeout": "packets are lost although all rules and routes that were read let them pass: "
    "the host may be down, or something that was not read is in between",
    "handshake_failed": "the port is open, but the service does not answer: no firewall is the cause",
    "no_route": "the source host has no route",
    "network_error": "the network reports an error that no rule that was read explains",
    "flapping": "some connections fail: overload, a rate limit, or one of several ways",
    "not_probed": "the source host could not be asked",
}


_MOST_NAMES = 10


@dataclass(frozen=True)
class ProbeRow:
    """``proof``: open, cut, cut on some ways, or unknown, by the rules.

    ``result``: see probe_agent.py, or ``not_probed``.
    """

    path: str
    host: str
    source: str
    address: str
    port: int
    result: str
    proof: str
    reachable: int = 0
    attempts: int = 0
    pooled: int = 0
    pooled_alive: int = 0
    error: str = ""

    @property
    def key(self) -> tuple[str, str, str, int]:
        return self.host, self.source, self.address, self.port

    @property
    def agrees(self) -> bool:
        return self.result not in IMPOSSIBLE[self.proof]

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Disagreement:
    """A result that the proof says can't be. ``new``: it was not so before the change."""

    row: ProbeRow
    new: bool

    @property
    def cause(self) -> str:
        if self.row.proof == CUT:
            return "a connection got through that the rules cut off: a way that was not read"
        return CAUSES.get(self.row.result, "not known")

    def to_dict(self) -> dict[str, Any]:
        return {**self.row.to_dict(), "new": self.new, "cause": self.cause}


def proof_of(
    pair: tuple[str, str, int], bad: Iterable[Mapping[str, Any]], unknown: Iterable[Mapping[str, Any]]
) -> str:
    """What the proof says of ``(source, destination, port)`` over tcp, from a path's pieces."""
    cut = [piece for piece in bad if covers(piece, *pair)]
    if cut:  # a piece with source ports of its own is met by some connections of the pair only
        return SOME_WAYS if all(_some_ports(piece.get("src_port")) for piece in cut) else CUT
    return UNKNOWN if any(covers(piece, *pair) for piece in unknown) else OPEN


def _some_ports(value: Any) -> bool:
    """Whether these are less than the ports that clients choose from (1024 to 65535)."""
    return value is not None and not any(str(item) in ("0-65535", "1024-65535") for item in _listed(value))


def covers(piece: Mapping[str, Any], source: str, destination: str, port: int) -> bool:
    """Whether some flow of the piece is a tcp connection of this pair."""
    return (
        _has_address(piece.get("src"), source)
        and _has_address(piece.get("dst"), destination)
        and _has(piece.get("protocol"), ("tcp", "6", "any"))
        and _has_number(piece.get("dst_port"), port)
    )


def _listed(value: Any) -> list[str]:
    return [str(item) for item in value] if isinstance(value, (list, tuple)) else [str(value)]


def _has(value: Any, wanted: Sequence[str]) -> bool:
    return value is None or any(item in wanted for item in _listed(value))


def _has_number(value: Any, number: int) -> bool:
    if value is None:
        return True
    for item in _listed(value):
        low, _dash, high = item.partition("-")
        if int(low) <= number <= int(high or low):
            return True
    return False


def _has_address(value: Any, address: str) -> bool:
    return value is None or any(_within(item, address) for item in _listed(value))


def _within(item: str, address: str) -> bool:
    found = ipaddress.ip_address(address)
    if item == "any":
        return True
    if "-" in item:
        low, high = (ipaddress.ip_address(part) for part in item.split("-"))
        return low.version == found.version and int(low) <= int(found) <= int(high)
    network = ipaddress.ip_network(item, strict=False)
    return network.version == found.version and found in network


def disagreements(rows: Sequence[ProbeRow], before: Sequence[ProbeRow]) -> list[Disagreement]:
    """Rows that disagree with the proof; one that disagreed in the same way before is not new."""
    old = {(row.path, *row.key): row.result for row in before if not row.agrees}
    return [Disagreement(row, old.get((row.path, *row.key)) != row.result) for row in rows if not row.agrees]


def grouped(rows: Iterable[ProbeRow], tail: Callable[[ProbeRow], str]) -> list[str]:
    """For people, what failed alike as one: ``app01-app10 (IPv4) to 10.20.1.10 port 5432: timeout; <tail>``."""
    alike: dict[tuple[int, int, str], dict[str, list[ProbeRow]]] = {}
    for row in rows:
        key = ipaddress.ip_address(row.address).version, row.port, tail(row)
        alike.setdefault(key, {}).setdefault(row.address, []).append(row)
    found = []
    for (version, port, words), by_address in alike.items():
        targets: dict[tuple[tuple[str, str], ...], list[str]] = {}
        for address, same in by_address.items():
            targets.setdefault(tuple(dict.fromkeys((row.host, row.source) for row in same)), []).append(
                address
            )
        for sources, addresses in targets.items():
            results = dict.fromkeys(row.result for address in addresses for row in by_address[address])
            found.append(
                f"{_who(sources, version)} to {', '.join(addresses)} port {port}: {', '.join(results)}; {words}"
            )
    return found


def _who(sources: Sequence[tuple[str, str]], version: int) -> str:
    if len(sources) == 1:
        return f"{sources[0][0]} ({sources[0][1]})"
    names = runs(list(dict.fromkeys(host for host, _source in sources)))
    return f"{listed(names, _MOST_NAMES)} (IPv{version})"


def texts(items: Iterable[Disagreement]) -> list[str]:
    causes = {item.row: item.cause for item in items}
    return grouped(causes, causes.__getitem__)


def back_to(rows: Sequence[ProbeRow], before: Sequence[ProbeRow]) -> list[ProbeRow]:
    """Rows that got through before and do not now."""
    good = {row.key for row in before if row.result == REACHABLE}
    return [row for row in rows if row.key in good and row.result != REACHABLE]
