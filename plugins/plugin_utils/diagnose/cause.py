# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One cause that may explain a symptom, with its evidence."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ..render.clean import clean

CERTAIN, LIKELY, POSSIBLE = "certain", "likely", "possible"
CONFIDENCE = (CERTAIN, LIKELY, POSSIBLE)

# Where a connection may fail, in the order in which it gets there; of equals, the first counts.
NAME, SOURCE, ROUTE, FIREWALL, NAT, CONNTRACK, PATH, HOST, DESTINATION, LISTENER, SERVICE, MTU = LAYERS = (
    "name",
    "source",
    "route",
    "firewall",
    "nat",
    "conntrack",
    "path",
    "host",
    "destination",
    "listener",
    "service",
    "mtu",
)
# What a firewall does, wherever its rules are: on the way, or on one of the ends.
OF_FIREWALLS = frozenset({SOURCE, FIREWALL, NAT, CONNTRACK, DESTINATION})


@dataclass
class Cause:
    """``layer``: one of LAYERS. ``what``: for people, on one line. ``firewall``: whether it is a firewall's doing.
    ``place``: for people, ``chain``: the key of the rule's ruleset or chain. ``before``, ``now``: a rule's text.
    ``commands``: what reverts it, ready to run on ``host``. ``when``: what is known of when and by whom. ``pairs``,
    ``hosts``: what it costs. ``opens``: it cuts nothing off, it lets pass what a policy forbids. ``changed``: it is a
    change since an earlier time, not just what denies now. ``next``: what to do where there is no command.
    ``may``: of a rule, that it may deny, and nobody can tell from it alone.
    ``guess``: it says no more than that connections fail which rules let pass; ``accounts``: why they do is seen on the
    host (its counters, its tables), so that nothing is left to guess about those of its paths and hosts (none: all)."""

    layer: str
    host: str
    what: str
    confidence: str
    evidence: list[str] = field(default_factory=list)
    firewall: bool = False
    place: str = ""
    chain: str = ""
    rule: dict[str, Any] | None = None
    before: str = ""
    now: str = ""
    commands: list[str] = field(default_factory=list)
    when: list[str] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    pairs: int = 0
    hosts: list[str] = field(default_factory=list)
    opens: bool = False
    changed: bool = False
    next: list[str] = field(default_factory=list)
    guess: bool = False
    may: bool = False
    accounts: bool = False

    def __post_init__(self) -> None:
        """What a server said must not look like a line of ours."""
        self.what = clean(self.what)
        self.evidence = [clean(line) for line in self.evidence]
        self.next = [clean(line) for line in self.next]

    def to_dict(self) -> dict[str, Any]:
        return {
            "layer": self.layer,
            "host": self.host,
            "what": self.what,
            "confidence": self.confidence,
            "firewall": self.firewall,
            "evidence": list(self.evidence),
            "place": self.place,
            "chain": self.chain,
            "rule": self.rule,
            "before": self.before,
            "now": self.now,
            "commands": list(self.commands),
            "when": list(self.when),
            "paths": list(self.paths),
            "pairs": self.pairs,
            "hosts": list(self.hosts),
            "opens": self.opens,
            "next": list(self.next),
        }


def without_idle_guesses(causes: list[Cause]) -> list[Cause]:
    """Without guesses about connections for each of which there is a cause with evidence."""
    known = [cause for cause in causes if cause.accounts]

    def accounted(path: str, host: str) -> bool:
        return any(path in cause.paths and (not cause.hosts or host in cause.hosts) for cause in known)

    return [
        cause
        for cause in causes
        if not (cause.guess and all(accounted(path, host) for path in cause.paths for host in cause.hosts))
    ]


def ranked(causes: list[Cause], failing: bool = True) -> list[Cause]:
    """The surest first; of these what costs most, and then what a connection meets first. ``failing``: something is cut
    off: what else is open that must not be comes behind all causes of that."""

    def rank(item: Cause) -> tuple[bool, int, bool, int, int]:
        confidence = CONFIDENCE.index(item.confidence)
        return item.opens and failing, confidence, item.opens, -item.pairs, LAYERS.index(item.layer)

    return sorted(causes, key=rank)
