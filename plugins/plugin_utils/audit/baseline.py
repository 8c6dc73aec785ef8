# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The baseline of an audit: a folder of snapshots in which all was as it should be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..diagnose.timeline import Said, said_by_device
from ..errors import PathGuardError, StateError
from ..gather import snapshot
from ..gather.names_file import read as read_names
from ..home import expanded
from ..model.state import State
from ..policy.names import Names
from .collect import HostRead, inner
from .drift import GONE, NEW, UNKNOWN, drift, is_same, without_comparison

Entry = dict[str, Any]


@dataclass
class Baseline:
    """``states``: of before, for policies; a host that is as before has the very state of now there, which saves its
    memory twice. ``latest``: when the last of them was gathered (ISO 8601, UTC). ``said``: what devices said then of
    their last change."""

    given: str
    folder: Path
    files: dict[str, Path]
    states: dict[str, State] = field(default_factory=dict)
    said: dict[str, Said | None] = field(default_factory=dict)
    gathered_at: dict[str, str] = field(default_factory=dict)

    @property
    def latest(self) -> str:
        return max(self.gathered_at.values(), default="")

    @property
    def names(self) -> Names:
        return Names(read_names(self.folder))

    def to_dict(self) -> Entry:
        return {"from": self.given, "generated_at": self.latest.replace("+00:00", "Z")}

    def compare(self, host: HostRead, seconds: float) -> Entry:
        """One host's entry of the audit's ``drift``."""
        before = self.know(host)
        if not isinstance(before, State):
            return before
        if host.state is None:
            return without_comparison(host.name, UNKNOWN, "it could not be read")
        return drift(before, host.state, seconds, self.states[host.name] is host.state)

    def know(self, host: HostRead) -> State | Entry:
        """What the host was, which the policies are asked about as well; its entry of ``drift`` where there is
        nothing to compare it with."""
        path = self.files.get(host.name)
        if path is None:
            reason = "" if host.state is not None else "it is not in the baseline, and could not be read"
            return without_comparison(host.name, NEW if host.state is not None else UNKNOWN, reason)
        try:
            found = snapshot.read(path, host.name)
            before = State.from_dict(found.state)
        except PathGuardError as error:
            return without_comparison(host.name, UNKNOWN, f"its baseline can't be read: {error.what}")
        self.gathered_at[host.name] = found.gathered_at
        self.said[host.name] = said_by_device({output.name: output for output in found.raw})
        same = host.state is not None and is_same(before, host.state)
        self.states[host.name] = host.state if same and host.state is not None else before
        return before

    def gone(self, hosts: Sequence[str], inventory: Sequence[str]) -> list[Entry]:
        """Hosts of the baseline that are not in the inventory any more. Of those that are, and that the audit is not
        about, nothing is said."""
        known = {*hosts, *inventory}
        return [without_comparison(name, GONE) for name in sorted(self.files) if name not in known]


def open_baseline(given: str, folder: Path) -> Baseline:
    """Raises StateError where there is none. ``folder``: that relative paths start from."""
    path = folder / expanded(given)
    if not path.is_dir():
        raise StateError(
            "the baseline is no folder of snapshots",
            str(path),
            "name a folder of firewall_info's snapshots, or of an earlier audit, by path_audit_baseline",
        )
    return Baseline(given, inner(path), _snapshots(inner(path)))


def _snapshots(folder: Path) -> dict[str, Path]:
    files: Mapping[str, Path] = snapshot.files_in(folder)
    return dict(files)
