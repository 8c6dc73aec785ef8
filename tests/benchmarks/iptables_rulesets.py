# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A big ruleset as ``iptables-save`` prints it, and what a routine update made of it: one permit for fewer sources.

Made from a seed, the same on every machine. FORWARD sends packets to a chain for each site, by the interface
that they come from and the site's network, as firewalls do that have grown for years.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

PER_CHAIN = 100
_PORTS = (22, 53, 80, 123, 389, 443, 514, 636, 1521, 3306, 5432, 6379, 8080, 8443, 9200)
_HEAD = (
    "-A INPUT -i lo -j ACCEPT",
    "-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
    "-A INPUT -s 10.255.0.0/24 -p tcp -m tcp --dport 22 -j ACCEPT",
    "-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
    "-A FORWARD -m conntrack --ctstate INVALID -j DROP",
)


@dataclass(frozen=True)
class Changed:
    """Both texts, and the one rule that differs. ``cut_off``: the sources that it no longer permits as prefixes,
    ``target`` and ``port`` for which; no other rule is about these."""

    before: str
    after: str
    rule: str
    became: str
    cut_off: list[str]
    target: str
    port: int


class _Site:
    """The rules of one chain: what may be reached in 10.<number>.0.0/16."""

    def __init__(self, number: int, chance: random.Random) -> None:
        self.number = number
        self.name = f"to-site-{number}"
        self.pick = chance.randrange
        self.choice = chance.choice

    def rules(self, count: int) -> list[str]:
        return [
            f"-A {self.name} {self._source()} {self._target()} {self._service()}" for _rule in range(count)
        ]

    def _source(self) -> str:
        kind = self.pick(10)
        octets = f"172.{self.pick(16, 32)}.{self.pick(256)}"
        if kind == 0:
            low = self.pick(1, 200)
            return f"-m iprange --src-range {octets}.{low}-{octets}.{low + self.pick(1, 50)}"
        if kind <= 3:
            return f"-s {octets}.{self.pick(1, 255)}/32"
        return f"-s {octets}.0/{self.choice((24, 24, 24, 25, 26))}"

    def _target(self) -> str:
        octets = f"10.{self.number}.{self.pick(200)}"
        return f"-d {octets}.{self.pick(1, 255)}/32" if self.pick(5) else f"-d {octets}.0/24"

    def _service(self) -> str:
        protocol = "udp" if self.pick(8) == 0 else "tcp"
        kind, verdict = self.pick(10), "DROP" if self.pick(12) == 0 else "ACCEPT"
        state = " -m conntrack --ctstate NEW" if self.pick(3) == 0 else ""
        if kind == 0:
            ports = ",".join(str(port) for port in sorted({self.choice(_PORTS) for _port in range(4)}))
            service = f"-m multiport --dports {ports}"
        elif kind == 1:
            first = self.pick(1024, 60000)
            service = f"-m {protocol} --dport {first}:{first + self.pick(1, 200)}"
        else:
            service = f"-m {protocol} --dport {self.choice(_PORTS)}"
        return f"-p {protocol} {service}{state} -j {verdict}"


def one_changed(rules: int, seed: int) -> Changed:
    """So many rules in all; in the middle of the middle chain, a permit for a /24 now is for its first /26."""
    chance = random.Random(seed)
    number = max((rules - len(_HEAD)) // (PER_CHAIN + 1), 1)
    sites = [_Site(index, chance) for index in range(1, number + 1)]
    dispatch = [
        f"-A FORWARD -d 10.{site.number}.0.0/16 -i eth{site.number % 4} -j {site.name}" for site in sites
    ]
    left = rules - len(_HEAD) - len(dispatch)
    own: list[str] = []
    changed = sites[number // 2]
    # No other rule is about this target: a change of this one is a change of what passes.
    target, port, network = f"10.{changed.number}.250.14", 5432, "172.20.130.0"
    rule, became = (
        f"-A {changed.name} -s {network}/{length} -d {target}/32 -p tcp -m tcp --dport {port} -j ACCEPT"
        for length in (24, 26)
    )
    for place, site in enumerate(sites):
        count = left // number + (place < left % number)
        listed = site.rules(count - (site is changed))
        if site is changed:
            listed.insert(len(listed) // 2, rule)
        own += listed
    text = "\n".join(
        [
            "*filter",
            ":INPUT DROP [0:0]",
            ":FORWARD DROP [0:0]",
            ":OUTPUT ACCEPT [0:0]",
            *(f":{site.name} - [0:0]" for site in sites),
            *_HEAD,
            *dispatch,
            *own,
            "COMMIT",
            "",
        ]
    )
    return Changed(
        text,
        text.replace(rule, became),
        rule,
        became,
        [f"{network[:-1]}64/26", f"{network[:-1]}128/25"],
        target,
        port,
    )
