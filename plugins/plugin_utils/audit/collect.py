# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The hosts of an audit, each as it is now: read by login, or from saved snapshots or outputs. A host that can't be
read is told as that, and never left out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

from ..diagnose.site import DiagnoseSite
from ..diagnose.timeline import Said, said_by_device
from ..errors import AuditError, GatherError, PathGuardError
from ..gather import snapshot
from ..gather.access import HostAccess
from ..gather.channel import Channel
from ..gather.files import read_files
from ..gather.firewall import Gathered, gather, keep
from ..gather.platforms import platform_of
from ..model.raw import RawOutput
from ..model.state import State

READ, FAILED, MISSING = "read", "failed", "missing"


@dataclass
class HostRead:
    """One host. ``state``: None where it could not be read; ``error`` says why then. ``snapshot``: the file that holds
    it. ``gathered_at``: ISO 8601, UTC. ``said``: what a device says of its last change. ``trouble``: why its snapshot
    could not be written, although it was read. ``unread``: its status while it has no state."""

    name: str
    platform: str = ""
    state: State | None = None
    error: str = ""
    snapshot: Path | None = None
    gathered_at: str = ""
    said: Said | None = None
    trouble: PathGuardError | None = None
    unread: str = FAILED

    @property
    def status(self) -> str:
        return READ if self.state is not None else self.unread


@dataclass
class Collected:
    hosts: dict[str, HostRead] = field(default_factory=dict)

    @property
    def states(self) -> dict[str, State]:
        return {name: one.state for name, one in self.hosts.items() if one.state is not None}

    def snapshots(self) -> dict[str, Path]:
        return {name: one.snapshot for name, one in self.hosts.items() if one.snapshot is not None}


class AuditSite(DiagnoseSite):
    """Nothing is changed on any host."""

    def collect(self, names: Sequence[str], folder: Path | None, run_id: str, boot: bool) -> Collected:
        """Read hosts concurrently, a snapshot each. A host of which a login can't even be made is one that failed."""
        errors: dict[str, PathGuardError] = {}
        reachable = []
        for name in names:
            try:
                self.accesses([name])
            except PathGuardError as error:
                errors[name] = error
            else:
                reachable.append(name)

        def one(channel: Channel, access: HostAccess) -> HostRead:
            gathered_at = snapshot.now()
            found = gather(channel, access.platform, None, run_id, with_boot=boot)
            return _kept(access.name, access.platform, found, folder, gathered_at, run_id)

        good, bad = self._on(reachable, one, "read")
        errors.update(bad)
        return Collected(
            {name: good[name] if name in good else HostRead(name, error=str(errors[name])) for name in names}
        )


def _kept(
    name: str, platform: str, found: Gathered, folder: Path | None, gathered_at: str, run_id: str | None
) -> HostRead:
    """A full disk costs the snapshot, and not the audit. ``folder``: None where none could be made."""
    host = HostRead(name, platform, found.state, gathered_at=gathered_at, said=said_by_device(found.raw))
    if folder is None:
        return host
    document = snapshot.Snapshot(
        name, platform, gathered_at, found.state.to_dict(), list(found.raw.values()), run_id
    )
    try:
        host.snapshot = snapshot.write(folder, document)
    except GatherError as error:
        host.trouble = error
    return host


def from_snapshots(folder: Path, names: Sequence[str]) -> Collected:
    """What firewall_info has left, or another audit. Raises StateError where there is none at all."""
    files = snapshot.files_in(inner(folder))
    return Collected({name: from_snapshot(name, files.get(name), folder) for name in names})


def inner(folder: Path) -> Path:
    """An audit's own folder holds its snapshots in another."""
    return folder / SNAPSHOTS if (folder / SNAPSHOTS).is_dir() else folder


SNAPSHOTS = "snapshots"


def from_snapshot(name: str, path: Path | None, folder: Path) -> HostRead:
    """``folder``: in which it was looked for."""
    if path is None:
        error = GatherError("there is no snapshot of this host", str(folder), "gather it, or leave it out")
        return HostRead(name, error=str(error))
    try:
        found = snapshot.read(path, name)
        state = State.from_dict(found.state)
    except PathGuardError as error:
        return HostRead(name, error=str(error))
    return HostRead(
        name,
        found.platform,
        state,
        snapshot=path,
        gathered_at=found.gathered_at,
        said=said_by_device(_by_name(found.raw)),
    )


def _by_name(raw: Sequence[RawOutput]) -> Mapping[str, RawOutput]:
    return {output.name: output for output in raw}


def from_files(
    folder: Path,
    names: Sequence[str],
    platforms: Mapping[str, str | PathGuardError],
    into: Path | None,
    run_id: str,
    option: str = "path_audit_files",
) -> Collected:
    """Saved outputs: of each host a folder of its name with a file for each command (``fw1/nft_text.txt``), or one file
    with its configuration (``r1.cfg``). ``platforms``: host -> platform, or why it has none. ``into``: for the
    snapshots that are made of them. ``option``: what the user names the folder by."""
    if not folder.is_dir():
        raise AuditError("there is no such folder of saved outputs", str(folder), f"correct {option}")
    return Collected({name: _from_files(folder, name, platforms[name], into, run_id) for name in names})


def _from_files(
    folder: Path, name: str, platform: str | PathGuardError, into: Path | None, run_id: str
) -> HostRead:
    try:
        if isinstance(platform, PathGuardError):
            raise platform
        listed = _files_of(folder, name, platform)
        raw = read_files(platform_of(platform), listed, str)
        gathered_at = snapshot.now()
        return _kept(name, platform, keep(name, platform, raw, None), into, gathered_at, run_id)
    except PathGuardError as error:
        return HostRead(name, error=str(error))


def _files_of(folder: Path, name: str, platform: str) -> list[dict[str, Any]]:
    known = platform_of(platform).commands
    stem = quote(name, safe=snapshot.PLAIN)
    own = folder / stem
    if own.is_dir():
        paths = [path for path in sorted(own.iterdir()) if path.is_file() and not path.name.startswith(".")]
        if paths:
            return [{"command": path.stem, "path": str(path)} for path in paths]
    single = [folder / f"{stem}{suffix}" for suffix in _SUFFIXES]
    path = next((path for path in single if path.is_file()), None)
    if path is None:
        raise GatherError(
            "there are no saved outputs of this host",
            str(own),
            "save a file for each command there, named as firewall_info names it, or its configuration as "
            f"{stem}.cfg",
        )
    command = next((command for command in _WHOLE if command in known), "")
    return [{"command": command, "path": str(path)}]


_SUFFIXES = (".cfg", ".conf", ".txt", "")
# The command whose output is a whole configuration.
_WHOLE = ("running_config", "nft_text")
