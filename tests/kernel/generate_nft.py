# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Random nft rulesets over what the reader says it knows."""

from __future__ import annotations

from random import Random

from tests.kernel import draw as of

CHAINS = ("c1", "c2", "c3")
_STATES = ("new", "established", "related", "invalid", "untracked")
SETS = """
 set nets4 {{ type ipv4_addr; flags interval; auto-merge; elements = {{ {nets4} }}; }}
 set nets6 {{ type ipv6_addr; flags interval; auto-merge; elements = {{ {nets6} }}; }}
 set hosts4 {{ type ipv4_addr; elements = {{ {hosts4} }}; }}
 set ports {{ type inet_service; flags interval; auto-merge; elements = {{ {ports} }}; }}
 set pairs {{ type ipv4_addr . inet_service; flags interval; elements = {{ {pairs} }}; }}
 set links {{ type ifname; elements = {{ "in0", "out1" }}; }}
 map doors {{ type inet_service : verdict; elements = {{ {doors} }}; }}
"""


class NftRuleset:
    """One ruleset for one hook. ``text`` is what `nft -f` loads."""

    def __init__(self, draw: Random, hook: str) -> None:
        self.draw = draw
        self.hook = hook
        self.rules = 0
        tables = [self._table("inet", 0)]
        if draw.random() < 0.5:
            tables.append(self._table(draw.choice(("ip", "ip6", "inet")), 1))
        if draw.random() < 0.3 and hook != "output":
            tables.append(self._marks())
        draw.shuffle(tables)
        self.text = "\n".join(tables)

    def _table(self, family: str, number: int) -> str:
        draw = self.draw
        parts = [f"table {family} t{number} {{", self._sets() if family == "inet" else ""]
        # A chain can be named once it is there, so the last comes first.
        for index in reversed(range(len(CHAINS))):
            parts.append(self._chain(family, CHAINS[index], CHAINS[index + 1 :], draw.randrange(0, 4)))
        policy = draw.choice(("accept", "drop"))
        base = f" type filter hook {self.hook} priority {draw.choice((-10, 0, 0, 5))}; policy {policy};"
        parts.append(self._chain(family, "base", CHAINS, draw.randrange(3, 10), base))
        parts.append("}")
        return "\n".join(parts)

    def _marks(self) -> str:
        marks = "\n".join(f"  {self._address(4, 0)} meta mark set {value}" for value in (1, 2))
        return f"table inet marks {{\n chain c {{ type filter hook prerouting priority -150; policy accept;\n{marks}\n }}\n}}"

    def _sets(self) -> str:
        draw = self.draw
        doors = [
            f"{port} : {draw.choice(('accept', 'drop', 'return', 'continue'))}"
            for port in draw.sample(of.PORTS, 3)
        ]
        return SETS.format(
            nets4=", ".join(self._nets(4, 0)),
            nets6=", ".join(self._nets(6, 0)),
            hosts4=", ".join({of.address(draw, self.hook, 4, 1) for _n in range(4)}),
            ports=", ".join(self._ports(3)),
            pairs=f"{self._nets(4, 1)[0]} . {self._ports(1)[0]}",
            doors=", ".join(doors),
        )

    def _nets(self, family: int, end: int) -> list[str]:
        draw = self.draw
        return [of.prefix(draw, self.hook, family, end) for _n in range(draw.randrange(1, 4))]

    def _ports(self, count: int) -> list[str]:
        found = []
        for port in self.draw.sample(of.PORTS, count):
            low, high = of.port_range(self.draw)
            found.append(str(port) if self.draw.random() < 0.6 else f"{low}-{high}")
        return found

    def _chain(self, family: str, name: str, below: tuple[str, ...], count: int, base: str = "") -> str:
        rules = [self._rule(family, below) for _n in range(count)]
        self.rules += len(rules)
        return "\n".join([f" chain {name} {{{base}", *(f"  {rule}" for rule in rules), " }"])

    def _rule(self, family: str, below: tuple[str, ...]) -> str:
        draw = self.draw
        version = {"ip": 4, "ip6": 6}.get(family) or draw.choice((4, 4, 6))
        words = draw.sample(self._network(version, family), draw.choice((0, 1, 1, 2)))
        # nft refuses rules that ask for two transport protocols at once.
        protocol = draw.choice(("", "tcp", "udp", "both", "icmp"))
        words += draw.sample(self._transport(version, family, protocol), 1 if protocol else 0)
        draw.shuffle(words)
        if family == "inet" and draw.random() < 0.15:
            map_of = {
                "tcp": "tcp dport vmap @doors",
                "udp": "udp sport vmap { 53 : accept, 1024-65535 : drop }",
            }
            return " ".join([*words, map_of.get(protocol, self._state_map(below))])
        return " ".join([*words, self._verdict(below)])

    def _state_map(self, below: tuple[str, ...]) -> str:
        return f"ct state vmap {{ new : {f'jump {below[0]}' if below else 'accept'}, invalid : drop }}"

    def _verdict(self, below: tuple[str, ...]) -> str:
        choices = ["accept", "accept", "drop", "drop", "counter", "return", "counter accept", "reject"]
        if below:
            choices += [f"jump {self.draw.choice(below)}"] * 3 + [f"goto {self.draw.choice(below)}"]
        return self.draw.choice(choices)

    def _address(self, version: int, end: int) -> str:
        draw = self.draw
        name = f"{'ip' if version == 4 else 'ip6'} {'saddr' if end == 0 else 'daddr'}"
        no = draw.choice(("", "", "!= "))
        low, high = sorted((of.address(draw, self.hook, version, end) for _n in range(2)), key=of.number)
        values = [
            of.prefix(draw, self.hook, version, end),
            of.address(draw, self.hook, version, end),
            f"{low}-{high}",
        ]
        apart = ", ".join(sorted({of.address(draw, self.hook, version, end) for _n in range(3)}))
        return f"{name} {no}{draw.choice([*values, f'{{ {apart} }}'])}"

    def _network(self, version: int, family: str) -> list[str]:
        draw = self.draw
        no = draw.choice(("", "", "!= "))
        inside = "out" if self.hook == "output" else "in"
        matches = [
            self._address(version, 0),
            self._address(version, 1),
            f"ct state {','.join(draw.sample(_STATES, 2))}",
            f"ct state {draw.choice(('!= ', '! '))}{draw.choice(_STATES)}",
            f'{inside[0]}ifname {no}"{inside}{draw.choice(("0", "1", "*"))}"',
            f"meta mark {no}{draw.randrange(3)}",
            f"meta mark & 0x3 == {draw.randrange(4)}",
        ]
        if version == 4:
            mask = f"0.0.{draw.choice((1, 2, 3))}.{draw.choice((1, 3, 254))}"
            matches.append(f"ip saddr & {mask} == 0.0.0.{draw.choice((0, 1))}")
        if family == "inet":
            matches.append(f"meta nfproto {no}ipv{version}")
            matches.append(f"{inside[0]}ifname {no}@links")
            matches.append(f"ip saddr {no}@nets4" if version == 4 else f"ip6 saddr {no}@nets6")
            if version == 4:
                matches.append(f"ip daddr {no}@hosts4")
        return matches

    def _transport(self, version: int, family: str, protocol: str) -> list[str]:
        draw = self.draw
        no = draw.choice(("", "", "!= "))
        if protocol == "icmp":
            if version == 6:
                return [f"icmpv6 type {no}echo-request", f"meta l4proto {no}ipv6-icmp"]
            return [
                f"icmp type {no}{{ echo-request, timestamp-request }}",
                f"icmp type {no}echo-request",
                f"ip protocol {no}icmp",
            ]
        way = draw.choice(("sport", "dport"))
        low, high = of.port_range(draw)
        ports = ", ".join(str(port) for port in draw.sample(of.PORTS, 3))
        values = [f"{no}{draw.choice(of.PORTS)}", f"{no}{low}-{high}", f"{no}{{ {ports} }}"]
        values.append(f"{draw.choice(('<', '>', '<=', '>='))} {draw.choice(of.PORTS[2:-2])}")
        if protocol in ("both", ""):
            return [f"meta l4proto {{ tcp, udp }} th {way} {value}" for value in values] + [
                f"meta l4proto {no}{{ tcp, icmp }}"
            ]
        matches = [f"{protocol} {way} {value}" for value in values]
        matches.append(f"ip6 nexthdr {no}{protocol}" if version == 6 else f"ip protocol {no}{protocol}")
        if family == "inet":
            matches.append(f"{protocol} dport {no}@ports")
            if version == 4:
                matches.append(f"ip daddr . {protocol} dport {no}@pairs")
                one, two = (of.address(draw, self.hook, 4, 1) for _n in range(2))
                matches.append(f"ip daddr . {protocol} dport {{ {one} . 53, {two} . 1024-65535 }}")
        if protocol == "tcp":
            matches += [
                "tcp flags syn / fin,syn,rst,ack",
                f"tcp flags {draw.choice(('!= ', '== ', '', '! '))}{draw.choice(('syn', 'ack'))}",
                f"tcp flags & (syn | ack) {draw.choice(('==', '!='))} {draw.choice(('syn', 'ack', '0'))}",
            ]
        return matches
