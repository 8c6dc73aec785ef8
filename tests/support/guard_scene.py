# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One run of the guard on a site in memory: before, a change, after."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ansible_collections.pathguard.network.plugins.plugin_utils.guard import record
from ansible_collections.pathguard.network.plugins.plugin_utils.guard.after import After, Judge
from ansible_collections.pathguard.network.plugins.plugin_utils.guard.before import Before, Start, begin
from ansible_collections.pathguard.network.plugins.plugin_utils.guard.outcomes import HostFailure
from ansible_collections.pathguard.network.plugins.plugin_utils.model.rules import Ruleset
from tests.support.fake_site import Clock, FakeSite
from tests.support.states import GROUPS, app_rule, forward, small_lab

PATH = "app to primary"
POLICY = {
    "requiredPaths": [
        {"name": PATH, "from": {"group": "app"}, "to": {"group": "db_primary"}, "service": "postgresql"}
    ]
}
NARROW = forward(app_rule("10.10.1.0/26"))
WIDE = forward(app_rule("10.10.0.0/23"))


@dataclass
class Scene:
    """``told``: what the guard said while it worked."""

    folder: Path
    clock: Clock = field(default_factory=Clock)
    told: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.site = FakeSite(small_lab(), self.clock)
        self.before: Before | None = None

    def begin(self, **changes: Any) -> Before:
        settings = {
            "policy": POLICY,
            "folder": self.folder,
            "snapshot_dir": self.folder / "runs",
            "groups": GROUPS,
            "hosts": GROUPS["all"],
            "batch": ["app01", "app02"],
            "protect": ["fw1", "db1"],
            "timeout": 120,
            "run_id": "r1",
            **changes,
        }
        self.before = begin(Start(**settings), self.site, self.told.append)
        return self.before

    def change(self, rules: Ruleset, host: str = "fw1") -> None:
        self.site.hosts[host].state.rulesets[rules.key] = rules

    def judge(self, settle: float = 3.0) -> Judge:
        run = record.read(self.folder / "runs", "r1")
        return Judge(run, self.folder / "runs" / "r1", self.site, self.told.append, settle)

    def end(self, failures: Sequence[HostFailure] = (), settle: float = 3.0) -> After:
        return self.judge(settle).decide(failures)
