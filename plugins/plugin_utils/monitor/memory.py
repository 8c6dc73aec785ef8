# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a monitor knows from one run to the next: one file, whole or not there, for its owner alone; and its lock.

``<folder>/state.json`` holds what was told of each path, the hosts' digests, and what waits to be delivered;
``report.json`` the last proof, ``hosts`` the snapshots that it is about, ``good`` those of the last time that all was
as wanted. A monitor that is killed leaves what it had written last, and the next one goes on from there.
"""

from __future__ import annotations

import fcntl
import json
import os
import secrets
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from ..errors import MonitorError, PathGuardError
from ..gather import private_file, snapshot
from ..gather.snapshot import Snapshot
from ..guard.probes import ProbeRow
from ..model.state import State
from .site import Look
from .transitions import Told

FORMAT = 1
FILE, REPORT, LOCK, WAKE = "state.json", "report.json", "lock", "wake"
HOSTS, GOOD = "hosts", "good"
OPTION = "path_monitor_state_dir"


@dataclass
class Memory:
    """``id``: of this monitor, for the ids of its notices. ``question``: a digest of the policy and the inventory's
    groups; where it differs, all but ``paths`` and ``outbox`` is void. ``hosts``: those that are looked at.
    ``digests``: host -> how it was when its snapshot in ``hosts`` was written; ``good``: the same of ``good``.
    ``silent``: hosts that could not be read the last time; ``candidates``: others that were silent when a router was
    looked for, and may be it. ``proof_key``: what the last proof was made from. ``rows``:
    what the connections since then found. ``spent``: service -> ``[time, connections]`` of the last minute; ``turn``:
    service -> whose turn it is. ``notices``: how many there were; ``told``: by event. ``outbox``: see notify/outbox.py.
    ``last_round``: when one ended, in seconds since 1970."""

    id: str
    question: str = ""
    hosts: list[str] = field(default_factory=list)
    digests: dict[str, str] = field(default_factory=dict)
    good: dict[str, str] = field(default_factory=dict)
    silent: list[str] = field(default_factory=list)
    candidates: list[str] = field(default_factory=list)
    proof_key: str = ""
    paths: dict[str, Told] = field(default_factory=dict)
    rows: list[ProbeRow] = field(default_factory=list)
    spent: dict[str, list[list[float]]] = field(default_factory=dict)
    turn: dict[str, int] = field(default_factory=dict)
    notices: int = 0
    told: dict[str, int] = field(default_factory=dict)
    outbox: dict[str, Any] = field(default_factory=dict)
    rounds: int = 0
    last_round: float = 0.0

    def to_dict(self) -> dict[str, Any]:
        found = {name: value for name, value in vars(self).items() if name not in ("paths", "rows")}
        return {
            "format": FORMAT,
            **found,
            "paths": {name: told.to_dict() for name, told in self.paths.items()},
            "rows": [asdict(row) for row in self.rows],
        }

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> Memory:
        """Raises TypeError, ValueError, KeyError, AttributeError for what is none."""
        found = {name: item for name, item in value.items() if name != "format"}
        found["paths"] = {name: Told.from_dict(item) for name, item in value["paths"].items()}
        found["rows"] = [ProbeRow(**item) for item in value["rows"]]
        made = cls(**found)
        for name, kind in _KINDS.items():
            if not isinstance(getattr(made, name), kind):
                raise TypeError(f"{name} is no {kind}")
        return made

    def forget(self, question: str) -> None:
        """Another question: what was told of the paths stays."""
        self.question, self.proof_key = question, ""
        self.hosts, self.silent, self.candidates, self.rows = [], [], [], []


_KINDS: Mapping[str, type | tuple[type, ...]] = {
    "id": str,
    "question": str,
    "hosts": list,
    "digests": dict,
    "good": dict,
    "silent": list,
    "candidates": list,
    "proof_key": str,
    "spent": dict,
    "turn": dict,
    "notices": int,
    "told": dict,
    "outbox": dict,
    "rounds": int,
    "last_round": (int, float),
}


class Store:
    """The files of one monitor. ``troubles``: what could not be read or written lately, by file."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.troubles: dict[str, str] = {}

    # The lock.

    @contextmanager
    def locked(self) -> Iterator[bool]:
        """Whether this is the only monitor with these files. The kernel gives the lock back, however a process ends.

        Raises MonitorError where the folder can't be used at all."""
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            handle = os.open(self.folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise MonitorError(
                f"the monitor's files can't be written here: {error.strerror}",
                str(self.folder),
                f"mend the folder's permissions, make room, or name another by {OPTION}",
            ) from None
        try:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
                return
            yield True
        finally:
            os.close(handle)

    # What others ask of the monitor that runs.

    def wake(self, hosts: Collection[str]) -> None:
        """Leave word that these hosts are to be looked at now. Raises MonitorError."""
        names = sorted({*hosts, *(self.woken(keep=True) or ())})
        self._write(WAKE, json.dumps(names))

    def woken(self, keep: bool = False) -> list[str] | None:
        """The hosts that somebody wants to be looked at, once; None where nobody does."""
        path = self.folder / WAKE
        try:
            if not keep:  # taken before it is read: whoever writes meanwhile leaves another
                path = path.replace(path.with_name(f"{WAKE}.taken"))
            found = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        except (OSError, ValueError):
            found = []
        if not keep or not found:
            path.unlink(missing_ok=True)
        return [str(item) for item in found] if isinstance(found, list) else []

    # What is remembered.

    def load(self) -> Memory:
        """A file that can't be understood is put aside, and the monitor starts anew; that is in ``troubles``."""
        path = self.folder / FILE
        try:
            value = json.loads(path.read_text(encoding="utf-8"))
            if value["format"] != FORMAT:
                raise ValueError(f"format {value['format']!r}")
            return Memory.from_dict(value)
        except FileNotFoundError:
            return Memory(_new_id())
        except OSError as error:
            raise MonitorError(
                f"the monitor's state can't be read: {error.strerror}", str(path), "mend its permissions"
            ) from None
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            aside = path.with_name(f"{FILE}.damaged")
            path.replace(aside)
            self.troubles[aside.name] = (
                f"{path} was damaged ({type(error).__name__}) and is put aside as {aside.name}: the monitor starts "
                "anew, and tells again of all that is not in order"
            )
            return Memory(_new_id())

    def save(self, memory: Memory) -> bool:
        """Whether it is on disk; if not, ``troubles`` says why, and what was there before still is."""
        text = json.dumps(memory.to_dict(), ensure_ascii=False)
        return self._try(FILE, lambda: private_file.write(self.folder / FILE, [text, "\n"]))

    def _write(self, name: str, text: str) -> None:
        try:
            private_file.write(self.folder / name, [text, "\n"])
        except OSError as error:
            raise MonitorError(
                f"the file can't be written: {error.strerror}", str(self.folder / name), "make room"
            ) from None

    # The last proof, and the states that it is about.

    def keep_report(self, document: Mapping[str, Any], more: Mapping[str, Any]) -> bool:
        text = json.dumps({"more": more, "report": document}, ensure_ascii=False)
        return self._try(REPORT, lambda: private_file.write(self.folder / REPORT, [text, "\n"]))

    def report(self) -> tuple[dict[str, Any], dict[str, Any]] | None:
        """What ``keep_report`` kept: the report, and what else was; None where it is not there or damaged."""
        try:
            value = json.loads((self.folder / REPORT).read_text(encoding="utf-8"))
            report, more = value["report"], value["more"]
            if not isinstance(report["paths"], list) or not isinstance(report["findings"], list):
                return None
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            return None
        return report, more

    def keep_look(self, host: str, look: Look) -> bool:
        """A snapshot of a host, as others of the collection are; its ``run_id`` is the digest of what it is about."""
        state = look.state
        if state is None:
            return False
        document = Snapshot(host, state.platform, snapshot.now(), state.to_dict(), look.raw, look.digest)
        return self._try(f"{HOSTS}/{host}", lambda: snapshot.write(self.folder / HOSTS, document))

    def keep_good(self, host: str, digest: str) -> bool:
        """A host's snapshot as one of the last time that all was as wanted."""
        found = self._known(host, HOSTS)
        if found is None or found.run_id != digest:
            return False
        return self._try(f"{GOOD}/{host}", lambda: snapshot.write(self.folder / GOOD, found))

    def state(self, host: str, digest: str, part: str = HOSTS) -> State | None:
        """A host's state as it was when it had this digest; None where it is not kept, or can't be read."""
        found = self._known(host, part)
        if found is None or found.run_id != digest:
            return None
        try:
            return State.from_dict(found.state)
        except PathGuardError as error:
            self.troubles[f"{part}/{host}"] = error.what
            return None

    def _known(self, host: str, part: str) -> Snapshot | None:
        path = snapshot.path_of(self.folder / part, host)
        if not path.exists():
            return None
        try:
            return snapshot.read(path, host)
        except PathGuardError as error:
            self.troubles[f"{part}/{host}"] = error.what
            return None

    def _try(self, name: str, write: Callable[[], Any]) -> bool:
        try:
            write()
        except (OSError, PathGuardError) as error:
            why = error.strerror if isinstance(error, OSError) else error.what
            self.troubles[name] = f"{self.folder / name} can't be written: {why}"
            return False
        self.troubles.pop(name, None)
        return True


def _new_id() -> str:
    return secrets.token_hex(4)
