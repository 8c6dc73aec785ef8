# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Costs of a host and of a path, from measured audits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from tests.benchmarks.simulate import Costs


def costs_from(measures: Mapping[tuple[int, int], Mapping[str, Any]]) -> Costs:
    """``measures``: (hosts, paths) -> what one_audit.py says of its audit; two with as many hosts and other paths, and
    one with fewer hosts. What these do not tell (logins, parsing, the start of Ansible) is as it was."""
    (few, some), (hosts, most), (_same, least) = sorted(measures, key=lambda size: (size[0], -size[1]))
    assert _same == hosts
    large, bare, small = measures[hosts, most], measures[hosts, least], measures[few, some]
    prove = max((large["judge"] - bare["judge"]) / (most - least), 0.0)
    index = max((large["judge"] - most * prove) / hosts, 0.0)
    tell = max((large["report"] - bare["report"]) / (most - least), 0.0)
    memory = max((large["peak"] - small["peak"]) / (hosts - few), 0.0)
    return replace(
        Costs.read(),
        load=large["read"] / hosts,
        examine=large["examine"] / hosts,
        index=index,
        prove=prove,
        report=max((large["report"] - most * tell) / hosts, 0.0),
        tell=tell,
        memory=memory,
        memory_base=large["peak"] - hosts * memory,
    )
