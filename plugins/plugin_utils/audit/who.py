# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who changed a host, and when, as far as the host, its device or its files tell."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..diagnose import timeline
from ..diagnose.saved import saved_files
from ..diagnose.site import FACTS
from ..diagnose.timeline import Said
from ..model.state import State
from ..policy.persistence import SAME
from .collect import AuditSite, Collected
from .drift import CHANGED, managers_of

Entry = dict[str, Any]
LINUX = "linux"


def tell(
    drifts: list[Entry],
    collected: Collected,
    before: Mapping[str, State],
    said_before: Mapping[str, Said | None],
    gathered_before: Mapping[str, str],
    site: AuditSite | None,
) -> None:
    """Put into the entries of hosts that have changed what is known. ``site``: None where no host can be asked."""
    changed = [entry for entry in drifts if entry["status"] == CHANGED]
    files = _files(changed, collected, site) if site is not None else {}
    for entry in changed:
        name = entry["host"]
        host = collected.hosts[name]
        since = gathered_before.get(name, "")
        if since and host.gathered_at:
            entry["evidence"].append(
                f"it was otherwise {timeline.moment(since)}, and is so {timeline.moment(host.gathered_at)}"
            )
        if host.said is not None:
            _by_device(entry, host.said, said_before.get(name))
        _by_files(entry, files.get(name, {}), since)
        _by_managers(entry, [state for state in (host.state, before.get(name)) if state is not None])


def _by_device(entry: Entry, said: Said, before: Said | None) -> None:
    if before is not None and (before.at, before.by) == (said.at, said.by):
        entry["evidence"].append(f"{said.text()}: it said so in the baseline already")
        return
    entry["when"], entry["by"] = said.at, said.by or None
    entry["evidence"].append(said.text())


def _by_files(entry: Entry, files: Mapping[str, Mapping[str, Any]], since: str) -> None:
    """Saved rules that were written since the baseline."""
    told = timeline.told_by_files(files, since)
    entry["evidence"] += told
    if told and entry["when"] is None:
        latest = max(files.values(), key=lambda one: float(one["changed"]))
        entry["when"], entry["by"] = timeline.clock(latest["changed"]), str(latest["owner"])


def _by_managers(entry: Entry, states: list[State]) -> None:
    managers = managers_of(entry, *states)
    if not managers:
        return
    named = ", ".join(managers)
    entry["evidence"].append(f"rules that changed are managed by {named}")
    if entry["by"] is None or entry["by"] == "root":
        entry["by"] = f"managed by {named}"


def _files(changed: list[Entry], collected: Collected, site: AuditSite) -> dict[str, Any]:
    """Host -> its files of saved rules, when they were written and by whom they are owned. A file whose rules are not
    those that run tells nothing of them."""
    requests = {}
    for entry in changed:
        state = collected.hosts[entry["host"]].state
        if state is not None and state.platform == LINUX:
            same = {item["file"] for item in state.boot["sources"] if item["matches"] == SAME}
            asked = [file for file in saved_files(state) if file in same]
            if asked:
                requests[entry["host"]] = {"files": asked}
    answers, _silent = site.ask(FACTS, requests)
    return {name: answer.get("files", {}) for name, answer in answers.items()}
