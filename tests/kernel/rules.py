# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rulesets as they are loaded: commands with what they read, and the lines that can be left out."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from tests.kernel.reduce import smallest
from tests.kernel.world import World

# Rules in the generators' texts: of nft (indented by two), of iptables, and elements of ipsets.
_RULE = re.compile(r"^(  \S|-A |add )")
_Line = tuple[int, int]


@dataclass(frozen=True)
class Rules:
    """``steps``: a command each, and its standard input. ``name``: what it was drawn from."""

    name: str
    steps: tuple[tuple[str, str], ...]

    def load(self, world: World) -> str:
        """Nothing, or what the first command that failed says."""
        for command, text in self.steps:
            done = world.fw.run(command, stdin=text, check=False)
            if done["rc"] != 0:
                return f"{command}: {done['stderr'] or done['stdout']}"
        return ""

    def smaller(self, still: Callable[[Rules], bool]) -> Rules:
        """The rules without those that can be left out while ``still`` holds."""
        return self._only(set(smallest(self._lines(), lambda kept: still(self._only(set(kept))))))

    def _lines(self) -> list[_Line]:
        return [
            (step, line)
            for step, (_command, text) in enumerate(self.steps)
            for line, words in enumerate(text.split("\n"))
            if _RULE.match(words)
        ]

    def _only(self, kept: set[_Line]) -> Rules:
        removed = set(self._lines()) - kept
        return Rules(
            self.name,
            tuple(
                (
                    command,
                    "\n".join(
                        words for line, words in enumerate(text.split("\n")) if (step, line) not in removed
                    ),
                )
                for step, (command, text) in enumerate(self.steps)
            ),
        )

    def __str__(self) -> str:
        return "\n".join([self.name, *(f"$ {command}\n{text}" for command, text in self.steps)])


def nft(name: str, text: str) -> Rules:
    return Rules(name, (("nft -f -", text),))


def iptables(name: str, variant: str, texts: tuple[str, str], ipsets: str = "") -> Rules:
    """``variant``: nft or legacy; ``texts``: of IPv4 and IPv6."""
    sets = (("ipset -exist restore", ipsets),) if ipsets else ()
    restored = tuple(
        (f"{family}tables-{variant}-restore", text) for family, text in zip(("ip", "ip6"), texts)
    )
    return Rules(name, (*sets, *restored))
