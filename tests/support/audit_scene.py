# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A small network on disk, as audits read it: snapshots of today, those of a day when all was well, and a policy."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from ansible_collections.pathguard.network.plugins.plugin_utils.gather import snapshot
from ansible_collections.pathguard.network.plugins.plugin_utils.model.state import State
from ansible_collections.pathguard.network.plugins.plugin_utils.parse import fingerprint
from tests.support.states import app_rule, forward, small_lab

POLICY = {
    "$schema": "urn:pathguard:schema:path-policy:1",
    "title": "Shop",
    "requiredPaths": [
        {
            "name": "app to primary",
            "from": {"group": "app"},
            "to": {"group": "db_primary"},
            "service": "postgresql",
        },
        {
            "name": "app to standby",
            "from": {"group": "app"},
            "to": {"group": "db_standby"},
            "service": "postgresql",
        },
    ],
}
# It could not be read: it has no snapshot.
SILENT = "app10"
NOW, BASELINE, POLICIES = "now", "baseline", "policies"


def write_scene(folder: Path, silent: str = SILENT) -> dict[str, State]:
    """Today, the firewall lets a quarter of the app hosts pass, and one host can't be read."""
    before = small_lab()
    now = small_lab(fw1=[forward(app_rule("10.10.1.0/26"))])
    _write(folder / BASELINE, before, "2026-11-20T00:00:00+00:00")
    _write(
        folder / NOW,
        {name: state for name, state in now.items() if name != silent},
        "2026-11-23T00:00:00+00:00",
    )
    (folder / POLICIES).mkdir()
    (folder / POLICIES / "shop.yml").write_text(yaml.safe_dump(POLICY, sort_keys=False))
    return now


def _write(folder: Path, states: Mapping[str, State], when: str) -> None:
    for name, state in states.items():
        state.fingerprint = fingerprint.of(state)
        snapshot.write(folder, snapshot.Snapshot(name, "linux", when, state.to_dict(), []))


def without_times(document: Any) -> Any:
    """A document without what two audits of the same hosts never have in common."""
    if isinstance(document, dict):
        return {
            name: without_times(item) for name, item in document.items() if name not in ("generated_at", "id")
        }
    return [without_times(item) for item in document] if isinstance(document, list) else document
