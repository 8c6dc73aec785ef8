# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The answer of a firewall to a set of flows: which part is permitted, denied, unknown, and by which rule."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from ..model.flowset import FlowSet
from .marks import Value


@dataclass(frozen=True, slots=True)
class RuleRef:
    """Where a decision was taken. ``ruleset``: where the flow came in; ``chain``: where the rule stands.
    ``position`` 0 is the ruleset's default action."""

    host: str
    ruleset: str
    chain: str
    position: int
    text: str
    handle: int | None = None
    line: int | None = None
    comment: str = ""

    def to_dict(self) -> dict[str, Any]:
        found: dict[str, Any] = {
            "host": self.host,
            "ruleset": self.ruleset,
            "chain": self.chain,
            "position": self.position,
            "text": self.text,
        }
        if self.handle is not None:
            found["handle"] = self.handle
        if self.line is not None:
            found["line"] = self.line
        return found


@dataclass(frozen=True, slots=True)
class Part:
    """Flows with one verdict for one cause. ``verdict``: permit, deny, unknown."""

    verdict: str
    flows: FlowSet
    rules: tuple[RuleRef, ...] = ()
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Passed:
    """Flows that may get through: as they came in, and as they leave (translated, marked).

    ``rewrites``: field -> new value (a mark: as a function of those it came with); None where it is not
    known. ``of_interface``: those of them that are the address of the interface by which the packet came in (of a
    redirect) or leaves (of masquerading)."""

    flows: FlowSet
    after: FlowSet
    rewrites: Mapping[str, Value] = field(default_factory=dict)
    of_interface: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Outcome:
    """``permit``, ``deny`` and ``unknown`` partition the flows that were asked about.

    ``passed``: what may get through (permit and unknown), split by how it was changed on its way.
    ``parts``: who decided about which part; worked out when first asked for.
    """

    permit: FlowSet
    deny: FlowSet
    unknown: FlowSet
    passed: tuple[Passed, ...]
    explain: Callable[[], tuple[Part, ...]]

    @cached_property
    def parts(self) -> tuple[Part, ...]:
        return self.explain()

    @property
    def verdict(self) -> str:
        """permit, deny or unknown if it is the same for all flows, else mixed; ``none`` for no flow."""
        found = [name for name in ("permit", "deny", "unknown") if getattr(self, name)]
        return found[0] if len(found) == 1 else "mixed" if found else "none"
