# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What ``nft -j list ruleset`` prints, by hand."""

from __future__ import annotations

from typing import Any


def base_chain(table: str = "filter", hook: str = "forward", policy: str = "drop") -> dict[str, Any]:
    """A filter chain of an inet table, named like its hook."""
    place = {"family": "inet", "table": table, "name": hook, "handle": 1}
    return {"chain": {**place, "type": "filter", "hook": hook, "prio": 0, "policy": policy}}


def ruleset(*objects: dict[str, Any], table: str = "filter") -> dict[str, Any]:
    """The document with one inet table, and in it these objects."""
    named = {"table": {"family": "inet", "name": table, "handle": 1}}
    return {"nftables": [{"metainfo": {"json_schema_version": 1}}, named, *objects]}
