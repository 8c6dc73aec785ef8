# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A policy for capirca and aerleon, questions about it, and the answers by asking about one address at a time.

Made from a seed. Every third deny is for a part of what the permit after it is for: there peers are asked about
a network that is only partly covered.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from typing import Any

_PORTS = (22, 53, 80, 123, 389, 443, 1521, 3306, 5432, 8080)


@dataclass(frozen=True)
class Term:
    name: str
    source: IPv4Network
    target: IPv4Network
    protocol: str
    port: int
    permits: bool

    def text(self) -> str:
        return (
            f"term {self.name} {{\n"
            f"  source-address:: {self.name.upper()}_SRC\n"
            f"  destination-address:: {self.name.upper()}_DST\n"
            f"  destination-port:: {self.protocol.upper()}_{self.port}\n"
            f"  protocol:: {self.protocol}\n"
            f"  action:: {'accept' if self.permits else 'deny'}\n}}\n"
        )

    def definition(self) -> str:
        return f"{self.name.upper()}_SRC = {self.source}\n{self.name.upper()}_DST = {self.target}\n"


@dataclass(frozen=True)
class Policy:
    terms: list[Term]

    @property
    def text(self) -> str:
        header = "header {\n  target:: speedway FORWARD DROP nostate\n}\n"
        return header + "".join(term.text() for term in self.terms)

    @property
    def networks(self) -> str:
        return "".join(term.definition() for term in self.terms)

    @property
    def services(self) -> str:
        return "".join(
            f"{protocol.upper()}_{port} = {port}/{protocol}\n"
            for protocol in ("tcp", "udp")
            for port in _PORTS
        )

    def answers(self, flow: dict[str, Any]) -> str:
        """permit, deny or mixed, by first match for each source address alone."""
        near = [
            term
            for term in self.terms
            if (term.protocol, term.port) == (flow["protocol"], flow["dst_port"])
            and IPv4Address(flow["dst"]) in term.target
        ]
        found = {self._first(near, address) for address in IPv4Network(flow["src"])}
        return found.pop() if len(found) == 1 else "mixed"

    @staticmethod
    def _first(near: Sequence[Term], source: IPv4Address) -> str:
        term = next((term for term in near if source in term.source), None)
        return "permit" if term is not None and term.permits else "deny"


def policy(terms: int, seed: int) -> Policy:
    return Policy(list(_terms(terms, random.Random(seed))))


def _terms(count: int, chance: random.Random) -> Iterator[Term]:
    made = 0
    while made < count:
        source = IPv4Network((0xAC100000 | chance.getrandbits(12) << 8, 24))
        target = IPv4Network((0x0A000000 | chance.getrandbits(24), 32))
        protocol, port = chance.choice(("tcp", "tcp", "tcp", "udp")), chance.choice(_PORTS)
        if chance.random() < 0.3 and made + 1 < count:
            part = list(source.subnets(new_prefix=chance.choice((25, 26, 27))))
            yield Term(f"t{made}", chance.choice(part), target, protocol, port, permits=False)
            made += 1
        yield Term(f"t{made}", source, target, protocol, port, permits=chance.random() < 0.9)
        made += 1


def questions(asked: Policy, single: int, wide: int, seed: int) -> list[dict[str, Any]]:
    """So many flows from one address, then so many from a whole /24; one in five is for a port that is not the term's."""
    chance = random.Random(seed)
    found = []
    for number in range(single + wide):
        term = chance.choice(asked.terms)
        network = term.source.supernet(new_prefix=24) if term.source.prefixlen > 24 else term.source
        source = str(network) if number >= single else str(chance.choice(list(network)))
        port = chance.choice(_PORTS) if chance.random() < 0.2 else term.port
        target = str(term.target.network_address)
        found.append({"src": source, "dst": target, "protocol": term.protocol, "dst_port": port})
    return found


def as_saved(rules: str) -> str:
    """A peer's input for iptables-restore as iptables-save writes it: chains first, with counters."""
    lines = [line for line in rules.splitlines() if line and not line.startswith("#")]
    made = [f":{line.split()[1]} - [0:0]" for line in lines if line.startswith("-N ")]
    policies = [" ".join([*line.split()[:2], "[0:0]"]) for line in lines if line.startswith(":")]
    return "\n".join(
        ["*filter", *policies, *made, *(line for line in lines if line.startswith("-A ")), "COMMIT", ""]
    )
