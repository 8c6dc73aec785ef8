# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Harmless changes, generated from a seed: each does something real, and takes no path from anybody."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random

from .harmless_hosts import HOSTS
from .harmless_near import NEAR
from .harmless_rules import RULES, Kind, Scripts

SEED = 20261123
KINDS: tuple[Kind, ...] = (*RULES, *NEAR, *HOSTS)


@dataclass(frozen=True)
class Harmless:
    """``scripts``: host -> what a shell does there as root."""

    name: str
    scripts: Mapping[str, str]


def changes(count: int, seed: int = SEED) -> list[Harmless]:
    """Every kind in turn, with other names, addresses and hosts each time round."""
    random = Random(seed)
    found: list[Harmless] = []
    while len(found) < count:
        kind = KINDS[len(found) % len(KINDS)]
        scripts: Scripts = kind(random)
        found.append(Harmless(f"{len(found):03} {kind.__name__} on {', '.join(scripts)}", scripts))
    return found
