# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Small rulesets with conditions that are not known, and the same rulesets with these decided.

``text(truths)`` writes a condition that holds as nothing, and one that does not hold as a match that no packet of
the test has; without truths, as itself. ``keys``: what tells the conditions apart. Those that the packet decides
(a DSCP) hold together wherever they are written, and their negation the other way round; those with a memory (a
rate) have one of their own in each rule.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from random import Random

_SLOT = re.compile(r"\[\[(\d+)\]\]")
Truths = Mapping[str, bool]


class UndecidedRuleset:
    """``slots``: (words, key, whether the words negate it) for each place of a condition."""

    never = ""
    same: tuple[tuple[str, str], ...] = ()  # words, and their negation or nothing
    own: tuple[str, ...] = ()

    def __init__(self, draw: Random) -> None:
        self.draw = draw
        self.slots: list[tuple[str, str, bool]] = []
        self._left = draw.choice((1, 2, 2, 3, 3))
        # Few of them, so that one stands in several rules.
        self._few = draw.sample(self.same, 2)
        self._template = self._write()

    @property
    def keys(self) -> list[str]:
        return sorted({key for _words, key, _negated in self.slots})

    def text(self, truths: Truths | None = None) -> str:
        def shown(found: re.Match[str]) -> str:
            words, key, negated = self.slots[int(found[1])]
            if truths is None:
                return words
            return self.never if truths[key] is negated else ""

        return _SLOT.sub(shown, self._template)

    def _write(self) -> str:
        raise NotImplementedError

    def _condition(self) -> str:
        """A place for a condition, or nothing when there are enough."""
        draw = self.draw
        if len(set(self.keys)) >= self._left and draw.random() < 0.7:
            return ""
        if draw.random() < 0.3:
            words, key, negated = draw.choice(self.own), f"own {len(self.slots)}", False
        else:
            key, no = draw.choice(self._few)
            negated = bool(no) and draw.random() < 0.5
            words = no if negated else key
        if key not in self.keys and len(self.keys) >= 4:
            return ""
        self.slots.append((words, key, negated))
        return f"[[{len(self.slots) - 1}]]"

    def _rule_count(self, base: bool) -> int:
        return self.draw.randrange(2, 5) if base else self.draw.randrange(0, 3)


class UndecidedNft(UndecidedRuleset):
    """An nft script: two base chains, two that they jump to."""

    never = "ip saddr 203.0.113.9"
    same = (
        ("ip dscp cs1", "ip dscp != cs1"),
        ("ip ttl 64", "ip ttl != 64"),
        ("tcp window 512", "tcp window != 512"),
        ("meta length 60", "meta length != 60"),
        ("meta cpu 1", "meta cpu != 1"),
    )
    own = (
        "limit rate 5/second",
        "limit rate over 5/second",
        "numgen random mod 2 == 0",
        "quota until 5 mbytes",
    )

    def _write(self) -> str:
        draw = self.draw
        lines = ["table inet t {"]
        for name, below in (("c2", ()), ("c1", ("c2",))):
            lines += [f" chain {name} {{", *self._rules(below, False), " }"]
        for name, priority in (("a", 0), ("b", 10)):
            if name == "a" or draw.random() < 0.4:
                policy = draw.choice(("accept", "drop"))
                lines.append(
                    f" chain {name} {{ type filter hook forward priority {priority}; policy {policy};"
                )
                lines += [*self._rules(("c1", "c2"), True), " }"]
        return "\n".join([*lines, "}", ""])

    def _rules(self, below: tuple[str, ...], base: bool) -> list[str]:
        return [f"  {self._rule(below)}" for _n in range(self._rule_count(base))]

    def _rule(self, below: tuple[str, ...]) -> str:
        draw = self.draw
        words = [
            draw.choice(("", "", "tcp dport 443", "ip saddr 10.0.0.0/24", "ct state new", "meta mark 1"))
        ]
        words += [self._condition() if draw.random() < 0.6 else ""]
        if draw.random() < 0.15:
            words += [
                f"meta mark set {draw.choice((1, 2))}",
                self._condition() if draw.random() < 0.3 else "",
            ]
        else:
            draw.shuffle(words)
        return " ".join(filter(None, [*words, self._verdict(below)]))

    def _verdict(self, below: tuple[str, ...]) -> str:
        draw = self.draw
        leading = [f"{word} {name}" for name in below for word in ("jump", "goto")]
        single = ["accept", "drop", "return", "continue", *leading]
        if draw.random() < 0.2:
            cases = [f"{port} : {draw.choice(single)}" for port in draw.sample((22, 80, 443), 2)]
            return f"tcp dport vmap {{ {', '.join(cases)} }}"
        return draw.choice(["accept", "drop", *single, "reject", "counter"])


class UndecidedIptables(UndecidedRuleset):
    """What iptables-save prints: the filter table with two chains, and marks in the mangle table."""

    never = "-m set ! --match-set everyone src"
    same = (
        ("-m dscp --dscp 0x10", "-m dscp ! --dscp 0x10"),
        ("-m ttl --ttl-eq 64", "-m ttl ! --ttl-eq 64"),
        ("-m length --length 100:200", "-m length ! --length 100:200"),
        ('-m u32 --u32 "0=0"', '-m u32 ! --u32 "0=0"'),
        ('-m string --string "x" --algo bm', ""),
        ("-m time --timestart 09:00:00 --timestop 17:00:00", ""),
    )
    own = (
        "-m limit --limit 5/sec",
        "-m statistic --mode random --probability 0.5",
        "-m hashlimit --hashlimit-upto 5/sec --hashlimit-burst 5 --hashlimit-name h",
        "-m recent --rcheck --seconds 60 --name r --rsource",
        "-m quota --quota 5000",
        "-m connlimit --connlimit-above 3",
    )

    def _write(self) -> str:
        draw = self.draw
        lines = ["*mangle", ":FORWARD ACCEPT [0:0]"]
        if draw.random() < 0.4:
            lines.append(f"-A FORWARD {self._match()} {self._condition()} -j MARK --set-xmark 0x1/0xffffffff")
        lines += [
            "COMMIT",
            "*filter",
            f":FORWARD {draw.choice(('ACCEPT', 'DROP'))} [0:0]",
            ":C1 - [0:0]",
            ":C2 - [0:0]",
        ]
        for chain, below in (("FORWARD", ("C1", "C2")), ("C1", ("C2",)), ("C2", ())):
            for _n in range(self._rule_count(chain == "FORWARD")):
                condition = self._condition() if draw.random() < 0.6 else ""
                lines.append(f"-A {chain} {self._match()} {condition} {self._target(below)}")
        return "\n".join([*lines, "COMMIT", ""])

    def _match(self) -> str:
        return self.draw.choice(
            (
                "",
                "",
                "-p tcp -m tcp --dport 443",
                "-s 10.0.0.0/24",
                "-m conntrack --ctstate NEW",
                "-m mark --mark 0x1",
            )
        )

    def _target(self, below: tuple[str, ...]) -> str:
        leading = [f"{word} {name}" for name in below for word in ("-j", "-g")]
        return self.draw.choice(
            ["-j ACCEPT", "-j ACCEPT", "-j DROP", "-j DROP", "-j REJECT", "-j RETURN", "-j LOG", *leading]
        )
