# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How much is compared with the kernel, and from which seed.

Environment variables, all numbers:

- ``PATHGUARD_KERNEL_SEED``: what the generators draw from; a failure prints the name of its ruleset.
- ``PATHGUARD_KERNEL_RULESETS``: rulesets for each hook and kind of packet, of single hooks.
- ``PATHGUARD_KERNEL_PATHS``: rulesets of each kind, of whole exchanges through a router; half of it for
  exchanges with the firewall itself.
- ``PATHGUARD_KERNEL_FLOWS``: flows for each ruleset. Loading and gathering a ruleset costs as much as some
  200 flows, so the long run has more of them for each.

``test_size.py`` holds the defaults to what CI promises. For a million flows, of other rulesets than CI's, run these
three side by side, each with a seed of its own (16 to 20 minutes on two processors; docs/kernel.md has what they found)::

    for run in "7 43 6" "8 43 6" "9 6 24"; do set -- $run
        PATHGUARD_KERNEL_SEED=$1 PATHGUARD_KERNEL_RULESETS=$2 PATHGUARD_KERNEL_PATHS=$3 PATHGUARD_KERNEL_FLOWS=1000 \\
            tests/run kernel tests/kernel/test_{verdicts,sets,paths,later}.py &
    done; wait
"""

from __future__ import annotations

import os

import pytest

DEFAULT_RULESETS, DEFAULT_PATHS, DEFAULT_FLOWS = 24, 16, 64
# Rulesets of one kind among which all that may become of packets is seen: as many as CI has at least.
ENOUGH = DEFAULT_PATHS // 2

# Test -> the default that its number of rulesets follows, and what part of it.
NUMBER_OF = {
    "test_nft": ("rulesets", 1),
    "test_iptables": ("rulesets", 2),
    "test_all_kinds_side_by_side": ("rulesets", 3),
    "test_open_connections": ("rulesets", 2),
    "test_parts_of_wide_questions": ("rulesets", 2),
    "test_exchanges_through_a_router": ("paths", 1),
    "test_exchanges_with_the_firewall": ("paths", 2),
}

SEED = int(os.environ.get("PATHGUARD_KERNEL_SEED", "20231012"))
RULESETS = int(os.environ.get("PATHGUARD_KERNEL_RULESETS", str(DEFAULT_RULESETS)))
PATHS = int(os.environ.get("PATHGUARD_KERNEL_PATHS", str(DEFAULT_PATHS)))
FLOWS = int(os.environ.get("PATHGUARD_KERNEL_FLOWS", str(DEFAULT_FLOWS)))


def needs_root(rulesets: int) -> list[pytest.MarkDecorator]:
    """Marks for a file whose longest test loads so many rulesets; other stages may share the machine."""
    return [
        pytest.mark.skipif(os.geteuid() != 0, reason="network namespaces with raw packets need root"),
        pytest.mark.timeout(120 + rulesets * (10 + FLOWS // 8)),
    ]


def number_of(test: str, rulesets: int = RULESETS, paths: int = PATHS) -> int:
    """How many rulesets each case of a test loads."""
    which, part = NUMBER_OF[test]
    return max(1, {"rulesets": rulesets, "paths": paths}[which] // part)
