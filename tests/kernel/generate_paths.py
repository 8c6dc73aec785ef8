# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rulesets that change packets on their way through a router, or from and to it: marks by masks, connection marks, NAT."""

from __future__ import annotations

import re
from dataclasses import dataclass
from random import Random

from tests.kernel import draw as of
from tests.kernel.generate_iptables import IptablesRuleset
from tests.kernel.generate_nft import NftRuleset

_MASKS = ("0x1", "0x3", "0xf0", "0xffffff00", "0x80000001")
Nets = dict[int, tuple[str, ...]]
_LEFT: Nets = {4: ("10.0.0.0/22",), 6: ("fd00:0::/64",)}
_RIGHT: Nets = {4: ("10.1.0.0/23", "10.1.2.0/23"), 6: ("fd00:1::/65", "fd00:1:0:0:8000::/65")}
_OWN: Nets = {4: ("10.2.0.0/22",), 6: ("fd00:2::/64",)}
_BEYOND: Nets = {4: ("10.1.0.77", "10.1.2.9"), 6: ("fd00:1:0:0:0:0:0:77", "fd00:1:0:0:8000::9")}
_OTHER_OWN: Nets = {4: ("10.2.3.77", "10.2.0.9"), 6: ("fd00:2::3:77", "fd00:2::9")}


@dataclass(frozen=True)
class Ends:
    """Which way connections go. ``hook``: that of their first packet. ``changes``, ``decides``: hooks in which
    packets of either direction are marked and filtered. ``dnat``, ``snat``: hooks in which first packets are
    translated, ``targets`` and ``sources`` what to. ``behind``: the networks of sources, and of destinations."""

    hook: str
    changes: tuple[str, ...]
    decides: tuple[str, ...]
    dnat: str
    snat: str
    targets: Nets
    sources: dict[int, str]
    behind: tuple[Nets, Nets]


ENDS = {
    "through": Ends(
        "forward",
        ("prerouting", "forward", "postrouting"),
        ("forward", "postrouting"),
        "prerouting",
        "postrouting",
        _BEYOND,
        {4: "10.255.9.9", 6: "fd00:ff:9::9"},
        (_LEFT, _RIGHT),
    ),
    "server": Ends(
        "input",
        ("prerouting", "input", "output", "postrouting"),
        ("input", "output"),
        "prerouting",
        "input",
        _OTHER_OWN,
        {4: "10.0.3.250", 6: "fd00::3:250"},
        (_LEFT, _OWN),
    ),
    "client": Ends(
        "output",
        ("output", "postrouting", "prerouting", "input"),
        ("output", "input"),
        "output",
        "postrouting",
        _BEYOND,
        {4: "10.255.9.9", 6: "fd00:ff:9::9"},
        (_OWN, _RIGHT),
    ),
}
# Priorities beside that of tracking (-200) and of the nat chains of a hook: -100, or 100 where sources change.
_EARLY = {
    "prerouting": (-150, -190, -250),
    "output": (-150, -190, -250),
    "forward": (-50,),
    "input": (-50, 90),
}
_AROUND_NAT = {
    "prerouting": (-120, -50, -50),
    "output": (-120, -50, -50),
    "input": (90, 150, 150),
    "postrouting": (90, 150, 150),
}


class NftPaths:
    """``parts``: the text cut where it stays loadable without a part; ``text`` is what `nft -f` loads."""

    def __init__(self, draw: Random, ends: str = "through") -> None:
        self.draw = draw
        self.ends = ENDS[ends]
        self.words = NftRuleset(draw, self.ends.hook)
        nat = [
            (hook, kind)
            for hook, kind, chance in ((self.ends.dnat, "dnat", 0.7), (self.ends.snat, "snat", 0.5))
            if draw.random() < chance
        ]
        # Which ends a connection had before it was translated is not known.
        self.tuples = not nat and draw.random() < 0.6
        first, *others = self.ends.changes
        self.chains = [self._changes(first, draw.choice(_EARLY[first]))]
        for hook in others:
            if draw.random() < 0.5:
                self.chains.append(self._changes(hook, draw.choice(_EARLY.get(hook, (-150, 150)))))
        for hook, kind in nat:
            base = f"type nat hook {hook} priority {-100 if kind == 'dnat' else 100}; policy accept;"
            self.chains.append((base, self._translations(kind)))
        self.chains.append(self._decides(self.ends.decides[0], 0))
        if draw.random() < 0.3:
            self.chains.append(self._decides(self.ends.decides[1], draw.choice((0, 120))))
        for hook in dict.fromkeys((self.ends.dnat, self.ends.snat)):
            if draw.random() < 0.5:
                self.chains.append(self._beside_translations(hook, draw.choice(_AROUND_NAT[hook])))

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
        ]
        if self.ends.hook == "forward":  # only sockets' own packets have an owner
            choices += ["meta skuid 0", f"meta skuid != {draw.randrange(2)}"]
        if hook != "prerouting":
            choices += [
                f"ct status {draw.choice(('', '! '))}{draw.choice(('dnat', 'snat', 'seen-reply'))}"
            ] * 2
            choices += [f"ct original ip daddr {no}{draw.choice(self.ends.targets[4])}"] * self.tuples
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
            if "notrack" in statement and priority > -200:
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
                match = f"{family} {end} {draw.choice(self.ends.behind[kind == 'dnat'][version])}"
            address = (
                draw.choice(self.ends.targets[version]) if kind == "dnat" else self.ends.sources[version]
            )
            kinds = {
                "plain": f"{match} {kind} {family} to {address}",
                "masquerade": f"{match} masquerade",
                "redirect": f"meta l4proto {{ tcp, udp }} {match} redirect to :{draw.choice((80, 443))}",
                "port": f"meta l4proto {{ tcp, udp }} {match} dnat {family} to"
                f" {address if version == 4 else f'[{address}]'}:{draw.choice((80, 443))}",
            }
            choices = ["plain", "plain", "port", "port"] if kind == "dnat" else ["plain"]
            choices += ["masquerade"] * (kind == "snat" and self.ends.snat == "postrouting")
            choices += ["redirect"] * (kind == "dnat" and self.ends.hook == "input")
            rules.append(kinds[draw.choice(choices)])
        return rules

    def _beside_translations(self, hook: str, priority: int) -> tuple[str, list[str]]:
        """Drops by the addresses that translations change, of the packets that nat chains are not asked about."""
        draw, rules = self.draw, []
        for _n in range(draw.randrange(1, 4)):
            version = draw.choice((4, 4, 6))
            word, end = "ip" if version == 4 else "ip6", draw.choice(("saddr", "daddr"))
            nets = [net for nets in self.ends.behind for net in nets[version]]
            given = draw.choice((*self.ends.targets[version], self.ends.sources[version], draw.choice(nets)))
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
        if hook in ("input", "output"):
            rules.insert(0, "icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept")
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
)


def _compatible(matches: list[str]) -> str:
    """Matches of which no two ask for a protocol, or give an option twice: the tools refuse such rules."""
    first, *others = matches
    # "ip6 saddr" and "ip daddr" ask for two protocols, too.
    if re.search(r"\bip6? ", first):
        others = [other for other in others if not re.search(r"\bip6? ", other)]
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

    def __init__(self, draw: Random, family: int, ends: str = "through", untracks: bool = False) -> None:
        """``untracks``: some packets are not tracked, of this family or the other."""
        self.draw = draw
        self.family = family
        self.ends = ENDS[ends]
        self.words = IptablesRuleset(draw, self.ends.hook, family)
        hooks = [hook.upper() for hook in self.ends.changes]
        decides = [hook.upper() for hook in self.ends.decides if hook != "postrouting"]
        first = decides[0]
        nat = [hook.upper() for hook in (self.ends.dnat, self.ends.snat)]
        # Whether a connection is confirmed is not known of one whose replies are not tracked.
        self.confirmed = not untracks
        translations = self._translations(*nat)
        # Which ends a connection had before it was translated is not known.
        self.tuples = not translations and draw.random() < 0.6
        self.tables: dict[str, tuple[list[str], list[str]]] = {
            "mangle": (
                [f":{hook} ACCEPT [0:0]" for hook in hooks],
                [
                    f"-A {draw.choice([hooks[0], *hooks])} {self._marks()}"
                    for _n in range(draw.randrange(2, 7))
                ],
            ),
            "nat": ([f":{hook} ACCEPT [0:0]" for hook in nat], translations),
            "filter": (
                [f":{hook} {draw.choice(('ACCEPT', 'ACCEPT', 'DROP'))} [0:0]" for hook in decides],
                [
                    f"-A {draw.choice([first, *decides])} {self._decision()}"
                    for _n in range(draw.randrange(3, 8))
                ],
            ),
        }
        if untracks and draw.random() < 0.7:
            hook = draw.choice([one for one in hooks if one in ("PREROUTING", "OUTPUT")])
            self.tables["raw"] = (
                [f":{hook} ACCEPT [0:0]"],
                [f"-A {hook} {self.words._ends()} -j CT --notrack"],
            )
        if draw.random() < 0.6:
            rules = [f"-A {hook} -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT" for hook in decides]
            self.tables["filter"][1][:0] = rules
        if family == 6 and self.ends.hook != "forward":
            # Without its neighbours' addresses a host reaches nobody, and then paths are unknown.
            self.tables["filter"][1][:0] = [
                f"-A {hook} -p ipv6-icmp -m icmp6 --icmpv6-type {number} -j ACCEPT"
                for hook in decides
                for number in (135, 136)
            ]

    @property
    def text(self) -> str:
        return iptables_text(self.tables)

    def _match(self) -> str:
        draw = self.draw
        no = draw.choice(("", "", "! "))
        target = draw.choice(self.ends.targets[self.family])
        return draw.choice(
            (
                self.words._ends(),
                f"-m mark {no}--mark {draw.choice(('0x1', '0x2/0x3', '0x0/0xf0', '0x80000000/0x80000001'))}",
                f"-m connmark {no}--mark {draw.choice(('0x1', '0x0', '0x2/0x3', '0x10/0xf0'))}",
                f"-m conntrack {no}--ctstate {draw.choice(('NEW', 'ESTABLISHED', 'DNAT', 'SNAT', 'DNAT,NEW', 'INVALID,UNTRACKED'))}",
                f"-m conntrack {no}--ctdir {draw.choice(('ORIGINAL', 'REPLY'))}"
                if not no
                else "-m conntrack --ctstate NEW",
                f"-m conntrack --ctstate NEW,ESTABLISHED,UNTRACKED {no}--ctorigdst {target}"
                if self.tuples
                else "-m conntrack --ctstate UNTRACKED",
                f"-m conntrack {no}--ctstatus {draw.choice(('SEEN_REPLY', 'NONE', *(('CONFIRMED',) * self.confirmed)))}",
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

    def _translations(self, first: str, last: str) -> list[str]:
        draw, rules = self.draw, []
        if draw.random() < 0.7:
            target = draw.choice(self.ends.targets[self.family])
            shown = target if self.family == 4 else f"[{target}]"
            kinds = [
                f"-p tcp -j DNAT --to-destination {shown}:{draw.choice((80, 443))}",
                f"-j DNAT --to-destination {target}",
            ]
            if self.ends.hook == "input":
                kinds.append(f"-p udp -j REDIRECT --to-ports {draw.choice((53, 8000))}")
            rules.append(f"-A {first} {self.words._ends()} {draw.choice(kinds)}")
        if draw.random() < 0.5:
            kinds = [f"SNAT --to-source {self.ends.sources[self.family]}"]
            kinds += ["MASQUERADE"] * (last == "POSTROUTING")
            rules.append(f"-A {last} {self.words._ends()} -j {draw.choice(kinds)}")
        return rules

    def _decision(self) -> str:
        words = _compatible([self._match() for _n in range(self.draw.choice((1, 1, 2)))])
        return f"{words} -j {self.draw.choice(('ACCEPT', 'ACCEPT', 'DROP'))}"


def iptables_text(tables: dict[str, tuple[list[str], list[str]]]) -> str:
    lines = []
    for name, (declared, rules) in tables.items():
        lines += [f"*{name}", *declared, *rules, "COMMIT"]
    return "\n".join([*lines, ""])
