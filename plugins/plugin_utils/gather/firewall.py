# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One host's firewall, from a session or saved files to a state, a snapshot file and a small summary."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..model.raw import RawOutput
from ..model.rules import Rule
from ..model.state import State
from ..parse import parse_platform
from . import snapshot
from .channel import Channel
from .platforms import platform_of

# How many things that were not understood go through Ansible's variables; the snapshot has all of them.
LISTED = 50


@dataclass(frozen=True)
class Gathered:
    """``snapshot``: the file that holds it, if one was asked for."""

    state: State
    raw: Mapping[str, RawOutput]
    snapshot: Path | None

    def summary(self) -> dict[str, Any]:
        """What goes through Ansible's variables: small, whatever the ruleset's size."""
        return {
            "platform": self.state.platform,
            "snapshot": str(self.snapshot) if self.snapshot else None,
            "fingerprint": dict(self.state.fingerprint),
            "rulesets": {name: _count(ruleset.rules) for name, ruleset in self.state.rulesets.items()},
            "managers": _managers(self.state),
            "boot": {name: self.state.boot[name] for name in ("matches", "reason")},
            "not_understood": _first(self.state.not_understood),
            "unreadable": _first(self.state.unreadable),
        }


def _count(rules: list[Rule]) -> int:
    """Rules as the host counts them: one that does several things is several here, at one position."""
    return len({rule.position for rule in rules})


def _managers(state: State) -> dict[str, int]:
    """How many rules each program has made; those of the administrator are not counted."""
    rules = [ruleset.rules for ruleset in state.rulesets.values()]
    rules += [chain.rules for chain in state.chains.values()]
    owners = {rule.managed_by for some in rules for rule in some} - {""}
    return {
        owner: sum(_count([rule for rule in some if rule.managed_by == owner]) for some in rules)
        for owner in sorted(owners)
    }


def _first(items: list[dict[str, str]]) -> list[dict[str, str]]:
    more = len(items) - LISTED
    return items if more <= 0 else [*items[:LISTED], {"reason": f"and {more} more: see the snapshot"}]


def gather(
    channel: Channel,
    platform: str,
    folder: Path | None = None,
    run_id: str | None = None,
    with_boot: bool = True,
) -> Gathered:
    """Read a host and write its snapshot. ``with_boot``: also what would be loaded at boot, if the platform
    tells. Raises GatherError, ParseError."""
    return keep(channel.host, platform, platform_of(platform).collect(channel, with_boot), folder, run_id)


def keep(
    host: str, platform: str, raw: Mapping[str, RawOutput], folder: Path | None, run_id: str | None = None
) -> Gathered:
    """Make a state of outputs, and a snapshot file where a folder is given."""
    gathered_at = snapshot.now()
    state = parse_platform(platform, host, raw)
    if folder is None:
        return Gathered(state, raw, None)
    document = snapshot.Snapshot(host, platform, gathered_at, state.to_dict(), list(raw.values()), run_id)
    return Gathered(state, raw, snapshot.write(folder, document))
