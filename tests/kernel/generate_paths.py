# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rulesets that change packets on their way through a router: marks by masks, connection marks, NAT."""

from __future__ import annotations

from random import Random

from tests.kernel import draw as of
from tests.kernel.generate_iptables import IptablesRuleset
from tests.kernel.generate_nft import NftRuleset

_MASKS = ("0x1", "0x3", "0xf0", "0xffffff00", "0x80000001")
_TARGETS = {4: ("10.1.0.77", "10.1.2.9"), 6: ("fd00:1:0:0:0:0:0:77", "fd00:1:0:0:8000::9")}
_SOURCES = {4: "10.255.9.9", 6: "fd00:ff:9::9"}

# The networks in which the flows' own ends are.
_BEHIND = {
    4: ("10.0.0.0/22", "10.1.0.0/23", "10.1.2.0/23"),
    6: ("fd00:0::/64", "fd00:1::/65", "fd00:1:0:0:8000::/65"),
}


class NftPaths:
    """``parts``: the text cut where it stays loadable without a part; ``text`` is what `nft -f` loads."""

    def __init__(self, draw: Random) -> None:
        self.draw = draw
        self.words = NftRuleset(draw, "forward")
        self.chains = [self._changes("prerouting", draw.choice((-150, -190, -250)))]
        if draw.random() < 0.6:
            self.chains.append(self._changes("forward", -50))
        if draw.random() < 0.5:
            self.chains.append(self._changes("postrouting", draw.choice((-150, 150))))
        if draw.random() < 0.7:
            self.chains.append(
                ("type nat hook prerouting priority -100; policy accept;", self._translations("dnat"))
            )
        if draw.random() < 0.5:
            self.chains.append(
                ("type nat hook postrouting priority 100; policy accept;", self._translations("snat"))
            )
        self.chains.append(self._decides("forward", 0))
        if draw.random() < 0.3:
            self.chains.append(self._decides("postrouting", draw.choice((0, 120))))
        for hook, priorities in (("prerouting", (-120, -50, -50)), ("postrouting", (90, 150, 150))):
            if draw.random() < 0.5:
                self.chains.append(self._beside_translations(hook, draw.choice(priorities)))

    @property
    def text(self) -> str:
        return nft_text(self.chains)

    def _match(self, hook: str) -> str:
        draw = self.draw
        no = draw.choice(("", "", "!= "))
        choices = [
            self.words._address(draw.choice((4, 4, 6)), draw.choice((0, 1))),
            f"meta mark {no}{draw.randrange(3)}",
            f"meta mark & {draw.choice(_MASKS)} {draw.choice(('==', '!='))} {draw.choice((0, 1, 2))}",
            f"ct mark {no}{draw.randrange(3)}",
            f"ct mark & {draw.choice(_MASKS)} {draw.choice(('==', '!='))} {draw.choice((0, 1, 3))}",
            f"meta mark or 0x1 == {draw.choice((1, 3))}",
            f"ct state {draw.choice(('new', 'established', 'established,related', 'invalid', 'untracked'))}",
            f"ct direction {no}{draw.choice(('original', 'reply'))}",
            f"tcp dport {no}{draw.choice(of.PORTS)}",
            f"udp sport {no}{draw.choice(of.PORTS)}",
            f"tcp flags & (syn | ack) == {draw.choice(('syn', 'ack', '(syn | ack)'))}",
            f"meta l4proto {no}{draw.choice(('tcp', 'udp', 'icmp'))}",
            "meta skuid 0",
            f"meta skuid != {draw.randrange(2)}",
        ]
        if hook != "prerouting":
            choices += [
                f"ct status {draw.choice(('', '! '))}{draw.choice(('dnat', 'snat', 'seen-reply'))}"
            ] * 2
            choices += [f"ct original ip daddr {no}{draw.choice(_TARGETS[4])}"] * (draw.random() < 0.3)
        return draw.choice(choices)

    def _statement(self) -> str:
        draw = self.draw
        mask, value = draw.choice(_MASKS), draw.choice(("0x1", "0x2", "0x10", "0x80000000"))
        return draw.choice(
            (
                f"meta mark set {draw.randrange(4)}",
                f"meta mark set meta mark & {mask} | {value}",
                f"meta mark set meta mark ^ {value}",
                f"meta mark set ct mark & {mask}",
                "meta mark set ct mark",
                "ct mark set meta mark",
                f"ct mark set {draw.randrange(1, 4)}",
                f"ct mark set ct mark | {value}",
                f"ct mark set meta mark & {mask}",
                f"meta mark set {draw.randrange(3)} meta mark set meta mark | {value} ct mark set meta mark",
                f"meta mark {draw.randrange(2)} meta mark set 2 meta mark & 0x2 == 0x2 ct mark set 1",
                "notrack" if draw.random() < 0.3 else "counter",
            )
        )

    def _changes(self, hook: str, priority: int) -> tuple[str, list[str]]:
        rules = []
        for _n in range(self.draw.randrange(1, 5)):
            match = self._match(hook) if self.draw.random() < 0.6 else ""
            statement = self._statement()
            if "notrack" in statement and (hook != "prerouting" or priority > -200):
                statement = "counter"
            rules.append(f"{match} {statement} {self.draw.choice(('', '', 'accept'))}".strip())
        return f"type filter hook {hook} priority {priority}; policy accept;", rules

    def _translations(self, kind: str) -> list[str]:
        draw, rules = self.draw, []
        for _n in range(draw.randrange(1, 3)):
            version = draw.choice((4, 4, 6))
            match = self.words._address(version, draw.choice((0, 1)))
            family = "ip" if version == 4 else "ip6"
            if draw.random() < 0.4:  # most flows
                end = "daddr" if kind == "dnat" else "saddr"
                match = f"{family} {end} {draw.choice(_BEHIND[version][kind == 'dnat' :])}"
            address = draw.choice(_TARGETS[version]) if kind == "dnat" else _SOURCES[version]
            if kind == "snat" and draw.random() < 0.5:
                rules.append(f"{match} masquerade")
            elif kind == "dnat" and draw.random() < 0.4:
                shown = address if version == 4 else f"[{address}]"
                rules.append(
                    f"meta l4proto {{ tcp, udp }} {match} dnat {family} to {shown}:{draw.choice((80, 443))}"
                )
            else:
                rules.append(f"{match} {kind} {family} to {address}")
        return rules

    def _beside_translations(self, hook: str, priority: int) -> tuple[str, list[str]]:
        """Drops by the addresses that translations change, of the packets that nat chains are not asked about."""
        draw, rules = self.draw, []
        for _n in range(draw.randrange(1, 4)):
            version = draw.choice((4, 4, 6))
            word, end = "ip" if version == 4 else "ip6", draw.choice(("saddr", "daddr"))
            given = draw.choice((*_TARGETS[version], _SOURCES[version], draw.choice(_BEHIND[version])))
            no = "!= " if draw.random() < 0.1 else ""
            address = f"{word} {end} {no}{given}"
            whom = draw.choice(("ct direction reply", "ct state established"))
            rules.append(f"{whom} {address} drop")
        return f"type filter hook {hook} priority {priority}; policy accept;", rules

    def _decides(self, hook: str, priority: int) -> tuple[str, list[str]]:
        draw = self.draw
        rules = []
        for _n in range(draw.randrange(2, 7)):
            matches = _compatible([self._match(hook) for _m in range(draw.choice((1, 1, 2)))])
            rules.append(f"{matches} {draw.choice(('accept', 'accept', 'drop'))}")
        if draw.random() < 0.4:
            rules.insert(draw.randrange(2), "ct state established,related accept")
        elif draw.random() < 0.5:
            answers = draw.choice(
                ("ct direction reply", "ct status seen-reply", "ct state established", "tcp sport 80-443")
            )
            rules.insert(draw.randrange(len(rules)), f"{answers} {draw.choice(('drop', 'accept'))}")
        policy = draw.choice(("accept", "accept", "drop"))
        return f"type filter hook {hook} priority {priority}; policy {policy};", rules


_ONCE = (
    "tcp",
    "udp",
    "meta l4proto",
    "-p ",
    "-s ",
    "-d ",
    "-m conntrack",
    "-m mark",
    "-m connmark",
    "ip6 ",
    "ip ",
)


def _compatible(matches: list[str]) -> str:
    """Matches of which no two ask for a protocol, or give an option twice: the tools refuse such rules."""
    first, *others = matches
    kept = [other for other in others if not any(word in first and word in other for word in _ONCE)]
    if any(word in first for word in ("tcp", "udp", "l4proto")):
        kept = [other for other in kept if not any(word in other for word in ("tcp", "udp", "l4proto"))]
    return " ".join([first, *kept])


def nft_text(chains: list[tuple[str, list[str]]]) -> str:
    lines = ["table inet paths {"]
    for number, (base, rules) in enumerate(chains):
        lines += [f" chain c{number} {{ {base}", *(f"  {rule}" for rule in rules), " }"]
    return "\n".join([*lines, "}", ""])


class IptablesPaths:
    """``tables``: table -> (chain declarations, rules); ``text`` is for iptables-restore."""

    def __init__(self, draw: Random, family: int) -> None:
        self.draw = draw
        self.family = family
        self.words = IptablesRuleset(draw, "forward", family)
        self.tables: dict[str, tuple[list[str], list[str]]] = {
            "mangle": (
                [":PREROUTING ACCEPT [0:0]", ":FORWARD ACCEPT [0:0]", ":POSTROUTING ACCEPT [0:0]"],
                [f"-A {self._hook()} {self._marks()}" for _n in range(draw.randrange(2, 7))],
            ),
            "nat": ([":PREROUTING ACCEPT [0:0]", ":POSTROUTING ACCEPT [0:0]"], self._translations()),
            "filter": (
                [f":FORWARD {draw.choice(('ACCEPT', 'ACCEPT', 'DROP'))} [0:0]"],
                [f"-A FORWARD {self._decision()}" for _n in range(draw.randrange(3, 8))],
            ),
        }
        if draw.random() < 0.3:
            self.tables["raw"] = (
                [":PREROUTING ACCEPT [0:0]"],
                [f"-A PREROUTING {self.words._ends()} -j CT --notrack"],
            )
        if draw.random() < 0.6:
            self.tables["filter"][1].insert(
                0, "-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT"
            )

    @property
    def text(self) -> str:
        return iptables_text(self.tables)

    def _hook(self) -> str:
        return self.draw.choice(("PREROUTING", "PREROUTING", "FORWARD", "POSTROUTING"))

    def _match(self) -> str:
        draw = self.draw
        no = draw.choice(("", "", "! "))
        target = draw.choice(_TARGETS[self.family])
        return draw.choice(
            (
                self.words._ends(),
                f"-m mark {no}--mark {draw.choice(('0x1', '0x2/0x3', '0x0/0xf0', '0x80000000/0x80000001'))}",
                f"-m connmark {no}--mark {draw.choice(('0x1', '0x0', '0x2/0x3', '0x10/0xf0'))}",
                f"-m conntrack {no}--ctstate {draw.choice(('NEW', 'ESTABLISHED', 'DNAT', 'SNAT', 'DNAT,NEW', 'INVALID,UNTRACKED'))}",
                f"-m conntrack {no}--ctdir {draw.choice(('ORIGINAL', 'REPLY'))}"
                if not no
                else "-m conntrack --ctstate NEW",
                f"-m conntrack --ctstate NEW,ESTABLISHED,UNTRACKED {no}--ctorigdst {target}",
                f"-m conntrack {no}--ctstatus {draw.choice(('SEEN_REPLY', 'CONFIRMED', 'NONE'))}",
                f"-p tcp -m tcp {no}--dport {draw.choice(of.PORTS)}",
                f"-p udp -m multiport {no}--dports 53,80,1024:32768",
            )
        )

    def _marks(self) -> str:
        draw = self.draw
        value, mask = draw.choice(("0x1", "0x2", "0x10", "0x80000000")), draw.choice(_MASKS)
        target = draw.choice(
            (
                f"MARK --set-xmark {value}/{mask}",
                f"MARK --set-mark {value}",
                f"MARK --or-mark {value}",
                f"MARK --and-mark {mask}",
                f"MARK --xor-mark {value}",
                f"CONNMARK --set-xmark {value}/{mask}",
                "CONNMARK --save-mark",
                f"CONNMARK --save-mark --nfmask {mask} --ctmask {draw.choice(_MASKS)}",
                "CONNMARK --restore-mark",
                f"CONNMARK --restore-mark --nfmask {mask} --ctmask {mask}",
            )
        )
        return f"{self._match() if draw.random() < 0.5 else ''} -j {target}".strip()

    def _translations(self) -> list[str]:
        draw, rules = self.draw, []
        if draw.random() < 0.7:
            target = draw.choice(_TARGETS[self.family])
            shown = target if self.family == 4 else f"[{target}]"
            port = f"-p tcp -j DNAT --to-destination {shown}:{draw.choice((80, 443))}"
            rules.append(
                f"-A PREROUTING {self.words._ends()} {draw.choice((port, f'-j DNAT --to-destination {target}'))}"
            )
        if draw.random() < 0.5:
            target = draw.choice(("MASQUERADE", f"SNAT --to-source {_SOURCES[self.family]}"))
            rules.append(f"-A POSTROUTING {self.words._ends()} -j {target}")
        return rules

    def _decision(self) -> str:
        words = _compatible([self._match() for _n in range(self.draw.choice((1, 1, 2)))])
        return f"{words} -j {self.draw.choice(('ACCEPT', 'ACCEPT', 'DROP'))}"


def iptables_text(tables: dict[str, tuple[list[str], list[str]]]) -> str:
    lines = []
    for name, (declared, rules) in tables.items():
        lines += [f"*{name}", *declared, *rules, "COMMIT"]
    return "\n".join([*lines, ""])
