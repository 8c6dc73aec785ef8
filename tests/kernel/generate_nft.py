# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Random nft rulesets over what the reader says it knows."""

from __future__ import annotations

import ipaddress
from random import Random

from tests.kernel import draw as of

CHAINS = ("c1", "c2", "c3")
_FINAL = ("accept", "drop", "return", "continue")
_LINKS = {"forward": ("in0", "in1"), "input": ("in0", "in1"), "output": ("out0", "out1")}
_HOST_BITS = {4: "0.0.0.129", 6: "::81"}
_HOST_VALUE = {4: "0.0.0.1", 6: "::1"}
# Bridges' frames, and what no rule asks for: nothing of these is passed.
_BESIDE = """
table bridge frames {
 chain c { type filter hook forward priority 0; policy drop; }
}
table inet idle {
 chain c { ip saddr 10.0.0.0/8 drop; }
}
"""
_STATES = ("new", "established", "related", "invalid", "untracked")
SETS = """
 set nets4 {{ type ipv4_addr; flags interval; auto-merge; elements = {{ {nets4} }}; }}
 set nets6 {{ type ipv6_addr; flags interval; auto-merge; elements = {{ {nets6} }}; }}
 set hosts4 {{ type ipv4_addr; elements = {{ {hosts4} }}; }}
 set ports {{ type inet_service; flags interval; auto-merge; elements = {{ {ports} }}; }}
 set pairs {{ type ipv4_addr . inet_service; flags interval; elements = {{ {pairs} }}; }}
 set links {{ type ifname; elements = {{ "in0", "out1" }}; }}
 map doors {{ type inet_service : verdict; elements = {{ {doors} }}; }}
 set ends {{ type ipv4_addr . ipv4_addr; flags interval; elements = {{ {ends} }}; }}
 set near {{ type ifname . ipv4_addr; flags interval; elements = {{ {near} }}; }}
 map gates {{ type ipv4_addr . inet_service : verdict; flags interval; elements = {{ {gates} }}; }}
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
        if draw.random() < 0.3:
            tables.append(self._guards())
        if draw.random() < 0.2:
            tables.append(_BESIDE)
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

    def _guards(self) -> str:
        """Drops at another hook on the same way, before or behind."""
        draw = self.draw
        where = {
            "forward": ("prerouting", "postrouting"),
            "input": ("prerouting",),
            "output": ("postrouting",),
        }
        hook = draw.choice(where[self.hook])
        base = f"type filter hook {hook} priority {draw.choice((-310, -150, 50, 310))}; policy accept;"
        drops = [f"  {self._address(draw.choice((4, 6)), draw.choice((0, 1)))} drop" for _n in range(2)]
        lines = [f"table inet guards {{\n chain c {{ {base}", *drops, " }", "}"]
        if self.hook != "output" and draw.random() < 0.5:
            family = draw.choice(("ip", "ip6"))
            address = self._address(4 if family == "ip" else 6, 0)
            lines += [
                "table netdev entries {",
                ' chain c { type filter hook ingress device "in0" priority 0; policy accept;',
                f"  {address} {draw.choice(('drop', 'accept'))}",
                " }",
                "}",
            ]
        return "\n".join(lines)

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
            ends=f"{self._nets(4, 0)[0]} . {self._nets(4, 1)[0]}",
            near=f'"{draw.choice(_LINKS[self.hook])}" . {self._nets(4, 0)[0]}',
            gates=f"{self._nets(4, 1)[0]} . {self._ports(1)[0]} : {draw.choice(_FINAL)}",
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
        if draw.random() < 0.2:
            words.append(draw.choice(self._maps(version, family, protocol, below)))
            return " ".join(words)
        return " ".join([*words, self._verdict(below)])

    def _maps(self, version: int, family: str, protocol: str, below: tuple[str, ...]) -> list[str]:
        """Verdict maps: by state, link, address, port, and of several together."""
        draw = self.draw
        low, high = of.port_range(draw)

        def then() -> str:
            return draw.choice((*_FINAL, *(f"{word} {name}" for name in below for word in ("jump", "goto"))))

        word = "oifname" if self.hook == "output" else "iifname"
        ip = "ip" if version == 4 else "ip6"
        first, second = (of.prefix(draw, self.hook, version, 1) for _n in range(2))
        apart = _apart(first, second)
        address = of.address(draw, self.hook, version, 1)
        found = [
            self._state_map(below),
            f'{word} vmap {{ "{_LINKS[self.hook][0]}" : {then()}, "{_LINKS[self.hook][1]}" : {then()} }}',
            f"{ip} daddr vmap {{ {', '.join(f'{net} : {then()}' for net in apart)} }}",
            f"meta mark vmap {{ 0 : {then()}, 1-2 : {then()} }}",
        ]
        if protocol in ("tcp", "udp"):
            found += [
                f"{protocol} dport vmap {{ {low}-{high} : {then()} }}",
                f"{ip} daddr . {protocol} dport vmap {{ {address} . {low}-{high} : {then()} }}",
                f"{ip} daddr . {protocol} dport vmap {{ {first} . {low} : {then()} }}",
            ]
            if family == "inet":
                found.append(f"{protocol} dport vmap @doors")
                found += [f"ip daddr . {protocol} dport vmap @gates"] * (version == 4)
        if protocol == "icmp" and version == 4:
            found.append(f"icmp type vmap {{ echo-request : {then()}, timestamp-request : {then()} }}")
        return found

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
        matches += self._more(version, inside, no)
        if version == 4:
            mask = f"0.0.{draw.choice((1, 2, 3))}.{draw.choice((1, 3, 254))}"
            matches.append(f"ip saddr & {mask} == 0.0.0.{draw.choice((0, 1))}")
        if family == "inet":
            matches.append(f"meta nfproto {no}ipv{version}")
            matches.append(f"{inside[0]}ifname {no}@links")
            matches.append(f"ip saddr {no}@nets4" if version == 4 else f"ip6 saddr {no}@nets6")
            if version == 4:
                matches.append(f"ip daddr {no}@hosts4")
                matches.append(f"ip saddr . ip daddr {no}@ends")
                matches.append(f"{inside[0]}ifname . ip saddr {no}@near")
        return matches

    def _more(self, version: int, inside: str, no: str) -> list[str]:
        """What follows from the packet, its connection and the host's own facts, asked less often."""
        draw = self.draw
        ip = "ip" if version == 4 else "ip6"
        link = f"{inside}{draw.choice(('0', '1'))}"
        net = of.prefix(draw, self.hook, version, 0)
        address = of.address(draw, self.hook, version, 1)
        found = [
            f"ct direction {no}{draw.choice(('original', 'reply'))}",
            f"ct status {draw.choice(('', '! '))}{draw.choice(('seen-reply', 'dnat', 'confirmed'))}",
            f"ct mark {no}{draw.randrange(2)}",
            f"ct original {ip} {draw.choice(('saddr', 'daddr'))} {no}{net}",
            f"ct reply {ip} saddr {no}{address}",
            f'{inside[0]}if {no}"{link}"',
            f"{inside[0]}ifgroup {no}default",
            f'{inside[0]}ifname . {ip} daddr {{ "{link}" . {address}, "{inside}1" . {net} }}',
            f"fib daddr type {no}{draw.choice(('local', 'unicast'))}",
            f"{ip} saddr . {ip} daddr {{ {net} . {address} }}",
            f"{ip} daddr & {_HOST_BITS[version]} {draw.choice(('==', '!='))} {_HOST_VALUE[version]}",
        ]
        if self.hook != "output":
            found.append(f"meta pkttype {no}{draw.choice(('host', 'broadcast'))}")
        return found

    def _transport(self, version: int, family: str, protocol: str) -> list[str]:
        draw = self.draw
        no = draw.choice(("", "", "!= "))
        if protocol == "icmp":
            if version == 6:
                return [
                    f"icmpv6 type {no}echo-request",
                    f"icmpv6 code {no}{draw.randrange(2)}",
                    f"meta l4proto {no}ipv6-icmp",
                ]
            return [
                f"icmp type {no}{{ echo-request, timestamp-request }}",
                f"icmp type {no}echo-request",
                f"icmp type echo-request icmp code {no}{draw.randrange(2)}",
                f"icmp code {no}{draw.randrange(2)}",
                f"ip protocol {no}icmp",
            ]
        way = draw.choice(("sport", "dport"))
        low, high = of.port_range(draw)
        ports = ", ".join(str(port) for port in draw.sample(of.PORTS, 3))
        values = [f"{no}{draw.choice(of.PORTS)}", f"{no}{low}-{high}", f"{no}{{ {ports} }}"]
        values.append(f"{draw.choice(('<', '>', '<=', '>='))} {draw.choice(of.PORTS[2:-2])}")
        if protocol in ("both", ""):
            return [f"meta l4proto {{ tcp, udp }} th {way} {value}" for value in values] + [
                f"meta l4proto {no}{{ tcp, icmp }}",
                f"meta l4proto . th {way} {{ tcp . {low}-{high}, udp . {draw.choice(of.PORTS)} }}",
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
                f"tcp flags {draw.choice(('syn,ack', '!= syn', 'psh,ack'))} / {draw.choice(('syn,ack,psh', 'fin,syn,psh,ack'))}",
                f"tcp flags {no}{{ syn, ack, psh | ack }}",
                f"tcp dport . ip{'6' if version == 6 else ''} saddr {{ {low} . {of.address(draw, self.hook, version, 0)} }}",
            ]
        return matches


def _apart(first: str, second: str) -> list[str]:
    """Prefixes that don't overlap, which is what maps of intervals are made of."""
    nets = [ipaddress.ip_network(net) for net in (first, second)]
    return [first] if nets[0].overlaps(nets[1]) else [first, second]
