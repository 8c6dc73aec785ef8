# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Random iptables rulesets, for iptables-restore of either variant and family, with ipsets."""

from __future__ import annotations

from random import Random

from tests.kernel import draw as of

CHAINS = ("C1", "C2", "C3")
HOOKS = {"forward": "FORWARD", "input": "INPUT", "output": "OUTPUT"}


class IptablesRuleset:
    """One filter table. ``text`` is for iptables-restore, ``ipsets`` for `ipset restore`."""

    def __init__(self, draw: Random, hook: str, family: int) -> None:
        self.draw = draw
        self.hook = hook
        self.family = family
        self.rules = 0
        self.suffix = str(family)
        name = HOOKS[hook]
        lines = ["*filter"]
        lines += [
            f":{one} {draw.choice(('ACCEPT', 'DROP')) if one == name else 'ACCEPT'} [0:0]"
            for one in HOOKS.values()
        ]
        lines += [f":{one} - [0:0]" for one in CHAINS]
        for index, chain in enumerate((name, *CHAINS)):
            for _n in range(draw.randrange(3, 9) if index == 0 else draw.randrange(0, 4)):
                lines.append(f"-A {chain} {self._rule(CHAINS[index:])}")
                self.rules += 1
        self.text = "\n".join([*lines, "COMMIT", *self._mangle(), ""])
        self.ipsets = self._ipsets()

    def _mangle(self) -> list[str]:
        """Marks and drops on the same way, before the filter table is asked, or after it."""
        draw = self.draw
        hooks = {
            "forward": ("PREROUTING", "POSTROUTING"),
            "input": ("PREROUTING",),
            "output": ("OUTPUT", "POSTROUTING"),
        }[self.hook]
        if draw.random() < 0.5:
            return []
        rules = [f"-A {hooks[0]} {self._ends()} -j MARK --set-xmark 0x{draw.choice('12')}/0x3"]
        rules += [f"-A {hooks[0]} {self._ends()} -j CONNMARK --set-mark 0x{draw.choice('12')}"]
        rules += [f"-A {draw.choice(hooks)} {self._ends()} -j DROP"] * (draw.random() < 0.4)
        self.rules += len(rules)
        draw.shuffle(rules)
        return ["*mangle", *(f":{hook} ACCEPT [0:0]" for hook in hooks), *rules, "COMMIT"]

    def _ipsets(self) -> str:
        draw, of_family = self.draw, "inet" if self.family == 4 else "inet6"
        lines = [
            f"create nets{self.suffix} hash:net family {of_family}",
            f"create hosts{self.suffix} hash:ip family {of_family}",
            f"create doors{self.suffix} hash:ip,port family {of_family}",
            f"create both{self.suffix} list:set",
            f"create ports{self.suffix} bitmap:port range 0-65535",
            f"create gates{self.suffix} hash:net,port family {of_family}",
            f"create three{self.suffix} hash:ip,port,net family {of_family}",
            f"create near{self.suffix} hash:net,iface family {of_family}",
        ]
        for _n in range(3):
            lines.append(f"add nets{self.suffix} {of.prefix(draw, self.hook, self.family, 0)}")
            lines.append(f"add hosts{self.suffix} {of.address(draw, self.hook, self.family, 1)}")
            door = f"{draw.choice(('tcp', 'udp'))}:{draw.choice(of.PORTS[1:])}"
            lines.append(f"add doors{self.suffix} {of.address(draw, self.hook, self.family, 1)},{door}")
            lines.append(f"add ports{self.suffix} {draw.choice(of.PORTS)}")
            near, far = (of.prefix(draw, self.hook, self.family, end) for end in (0, 1))
            lines.append(f"add gates{self.suffix} {far},{door}")
            lines.append(f"add three{self.suffix} {of.address(draw, self.hook, self.family, 0)},{door},{far}")
            lines.append(f"add near{self.suffix} {near},{draw.choice(('in0', 'in1'))}")
        lines += [f"add both{self.suffix} nets{self.suffix}", f"add both{self.suffix} hosts{self.suffix}"]
        if draw.random() < 0.5:
            lines.append(f"add nets{self.suffix} {of.prefix(draw, self.hook, self.family, 0)} nomatch")
        return "\n".join(lines) + "\n"

    def _rule(self, below: tuple[str, ...]) -> str:
        draw = self.draw
        protocol = draw.choice(("", "tcp", "udp", "icmp", "tcp", "udp"))
        words = [word for word in (self._ends(), self._links()) if word]
        words += self._protocol(protocol) + self._others(protocol)
        return " ".join([*words, self._target(below)]).strip()

    def _no(self) -> str:
        return self.draw.choice(("", "", "! "))

    def _ends(self) -> str:
        draw = self.draw
        found = []
        for option, end in (("-s", 0), ("-d", 1)):
            if draw.random() < 0.4:
                found.append(f"{self._no()}{option} {of.prefix(draw, self.hook, self.family, end)}")
        if self.family == 4 and draw.random() < 0.08:
            found.append(
                f"{self._no()}-s 0.0.{draw.randrange(4)}.{draw.choice((0, 1))}/0.0.3.1" if not found else ""
            )
        return " ".join(filter(None, found))

    def _links(self) -> str:
        draw, found = self.draw, []
        if self.hook != "output" and draw.random() < 0.25:
            found.append(f"{self._no()}-i in{draw.choice(('0', '1', '+'))}")
        if self.hook != "input" and draw.random() < 0.25:
            found.append(f"{self._no()}-o out{draw.choice(('0', '1', '+'))}")
        return " ".join(found)

    def _protocol(self, protocol: str) -> list[str]:
        draw = self.draw
        if not protocol:
            return []
        if protocol == "icmp":
            if self.family == 6:
                return ["-p ipv6-icmp", draw.choice(("", f"-m icmp6 {self._no()}--icmpv6-type 128"))]
            return [
                "-p icmp",
                draw.choice(
                    ("", f"-m icmp {self._no()}--icmp-type {draw.choice(('8', '13', '8/0', 'any'))}")
                ),
            ]
        low, high = of.port_range(draw)
        listed = ",".join(str(port) for port in draw.sample(of.PORTS, 3))
        choices = [
            "",
            f"-m {protocol} {self._no()}--dport {draw.choice(of.PORTS)}",
            f"-m {protocol} {self._no()}--sport {low}:{high}",
            f"-m multiport {self._no()}--dports {listed},{low}:{high}",
            f"-m multiport {self._no()}--ports {listed}",
        ]
        if protocol == "tcp":
            choices += [
                f"-m tcp {self._no()}--syn",
                f"-m tcp {self._no()}--tcp-flags SYN,ACK,FIN {draw.choice(('SYN', 'ACK', 'NONE'))}",
            ]
        return [f"-p {protocol}", draw.choice(choices)]

    def _others(self, protocol: str) -> list[str]:
        draw = self.draw
        low, high = sorted((of.address(draw, self.hook, self.family, 0) for _n in range(2)), key=of.number)
        far_low, far_high = sorted(
            (of.address(draw, self.hook, self.family, 1) for _n in range(2)), key=of.number
        )
        choices = [
            f"-m conntrack {self._no()}--ctstate {','.join(draw.sample(('NEW', 'ESTABLISHED', 'RELATED', 'INVALID', 'UNTRACKED'), 2))}",
            f"-m state {self._no()}--state NEW",
            f"-m iprange {self._no()}--src-range {low}-{high}",
            f"-m addrtype {self._no()}--dst-type LOCAL",
            f"-m mark {self._no()}--mark {draw.randrange(3)}/0x3",
            f"-m set {self._no()}--match-set nets{self.suffix} src",
            f"-m set {self._no()}--match-set hosts{self.suffix} dst",
            f"-m set {self._no()}--match-set doors{self.suffix} dst,dst",
            f"-m set {self._no()}--match-set both{self.suffix} {draw.choice(('src', 'dst'))}",
            f"-m set {self._no()}--match-set ports{self.suffix} dst",
            f"-m set {self._no()}--match-set gates{self.suffix} dst,dst",
            f"-m set {self._no()}--match-set three{self.suffix} src,dst,dst",
            f"-m iprange {self._no()}--dst-range {far_low}-{far_high}",
            f"-m addrtype {self._no()}--{draw.choice(('src', 'dst'))}-type {draw.choice(('UNICAST', 'LOCAL,BROADCAST' if self.family == 4 else 'LOCAL'))}",
            f"-m connmark {self._no()}--mark {draw.randrange(3)}",
            f"-m conntrack --ctdir {draw.choice(('ORIGINAL', 'REPLY'))}",
            f"-m conntrack --ctstate NEW,ESTABLISHED {self._no()}--ctorigsrc {of.prefix(draw, self.hook, self.family, 0)}",
            f"-m conntrack --ctstate NEW {self._no()}--ctorigdst {of.prefix(draw, self.hook, self.family, 1)}",
            f"-m conntrack {self._no()}--ctstatus {draw.choice(('SEEN_REPLY', 'CONFIRMED'))}",
            f"-m conntrack {self._no()}--ctproto {draw.choice(('tcp', 'udp'))}",
            '-m comment --comment "-j DROP {{ x }} \\"y\\""',
        ]
        if self.hook != "output":
            choices.append(f"-m set {self._no()}--match-set near{self.suffix} src,src")
            choices.append(f"-m pkttype {self._no()}--pkt-type {draw.choice(('unicast', 'broadcast'))}")
        return draw.sample(choices, 1) if draw.random() < 0.5 else []

    def _target(self, below: tuple[str, ...]) -> str:
        draw = self.draw
        choices = ["-j ACCEPT", "-j ACCEPT", "-j DROP", "-j DROP", "-j RETURN", "", "-j REJECT"]
        choices.append(draw.choice(('-j LOG --log-prefix "-j DROP "', "-j NFLOG --nflog-group 5")))
        if below:
            choices += [f"-j {draw.choice(below)}"] * 3 + [f"-g {draw.choice(below)}"]
        return draw.choice(choices)
