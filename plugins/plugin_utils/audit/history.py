# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The history of audits: a git repository with one commit for each, so that git tells when a rule changed.

- ``hosts/<host>/rules.txt``: its rules, a line each, without counters and numbers
- ``hosts/<host>/running_config.txt``, ``startup_config.txt``: of a device, as it shows them
- ``snapshots/<host>.json``: its snapshot; the folder is a baseline for later audits
- ``report.json``: the audit's document
- ``index.json``: by what each of them was last found to be as before

A file is written anew only when what it tells has changed: times and counters alone make no change, and the commit of
an audit that found nothing new is empty. No secret is in any of them. A host that could not be read keeps what was
last known of it; one that the audit is not about any more is taken out, and stays in the history.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..errors import AuditError, StateError
from ..gather import snapshot
from ..model.state import State
from . import history_words
from .lasting import configurations, digest, lasting, pretty, redacted
from .repository import OPTION, Repository, held
from .rules_text import rules_text

FORMAT = 1
REPORT, INDEX = "report.json", "index.json"
HOSTS, SNAPSHOTS = "hosts", "snapshots"
RULES = "rules.txt"
# Of a document, what each audit has of its own.
_OF_THIS_AUDIT = ("generated_at", "id", "baseline")
_TIMES = ("generated_at", "when", "evidence", "gathered_at", "seconds")


@dataclass(frozen=True)
class Kept:
    """``commit``: its name in hex. ``message``: the whole of it. ``note``: what went wrong after it was made, for
    people; empty if nothing did."""

    commit: str
    message: str
    note: str = ""


@dataclass
class _Found:
    """``states``: before and now, of hosts that have changed."""

    index: dict[str, str] = field(default_factory=dict)
    texts: dict[str, tuple[str, str]] = field(default_factory=dict)
    states: dict[str, tuple[State, State]] = field(default_factory=dict)
    changed: list[str] = field(default_factory=list)
    new: list[str] = field(default_factory=list)


def keep(
    folder: Path,
    snapshots: Mapping[str, Path],
    document: Mapping[str, Any],
    files: Mapping[str, str] | None = None,
    secrets: Iterable[str] = (),
) -> Kept:
    """Commit an audit.

    ``snapshots``: host -> the file that was written of it in this audit. ``document``: by audit.schema.json. ``files``:
    more texts to keep beside the report, by their names; they are written when the report is. ``secrets``: passwords
    that hosts were logged in to by. Raises AuditError, and what was committed before is as it was; StateError for a
    snapshot that can't be read.
    """
    if document.get("slice") is not None:
        raise AuditError(
            "a slice of an audit is no audit: only all of them together have a history",
            str(folder),
            f"give {OPTION} to the join of the slices",
        )
    known = tuple(secrets)
    report = redacted(_placed(document), known)
    with held(folder) as repository:
        return _kept(repository, snapshots, report, dict(redacted(dict(files or {}), known)), known)


def _kept(
    repository: Repository,
    snapshots: Mapping[str, Path],
    report: dict[str, Any],
    files: dict[str, str],
    secrets: tuple[str, ...],
) -> Kept:
    present = repository.files()
    before = _read_json(repository, INDEX, present)
    old_report = _read_json(repository, REPORT, present)
    hosts = {host["name"] for host in report["hosts"]}
    found = _compare(repository, snapshots, before.get("hosts", {}), present, secrets)
    kept = {host: known for host, known in before.get("hosts", {}).items() if host in hosts}
    index = {"format": FORMAT, "report": _digest_of(report), "hosts": {**kept, **found.index}}
    again = index["report"] != before.get("report")
    gone = sorted(set(before.get("hosts", {})) - hosts)
    message = history_words.message(
        old_report, report, found.texts, found.states, sorted(found.new), sorted(found.changed), gone
    )

    def written() -> Iterator[tuple[str, bytes]]:
        for host in sorted({*found.new, *found.changed}):
            yield from _files_of(host, lasting(snapshot.read(snapshots[host], host), secrets))
        if again:
            yield REPORT, _json(report)
            yield from ((name, text.encode("utf-8", "replace")) for name, text in sorted(files.items()))
        if index != before:
            yield INDEX, _json(index)

    names = {_name_of(host) for host in (*found.new, *found.changed, *gone)}
    removed = [path for path in sorted(present) if _is_of(path, names)]
    commit = repository.commit(message, written(), removed)
    try:
        repository.show()
    except AuditError as error:
        return Kept(commit, message, f"the files of {commit[:10]} could not be laid out: {error.what}")
    return Kept(commit, message)


def _compare(
    repository: Repository,
    snapshots: Mapping[str, Path],
    before: Mapping[str, str],
    present: set[str],
    secrets: tuple[str, ...],
) -> _Found:
    found = _Found()
    for host, path in snapshots.items():
        document = lasting(snapshot.read(path, host), secrets)
        found.index[host] = digest(document)
        if found.index[host] == before.get(host):
            continue
        old = _old_state(repository, host, present)
        (found.new if old is None else found.changed).append(host)
        if old is not None:
            states = (old, State.from_dict(document["state"]))
            found.texts[host] = (rules_text(states[0]), rules_text(states[1]))
            if len(found.states) < history_words.MOST_HOSTS:
                found.states[host] = states
    return found


def _old_state(repository: Repository, host: str, present: set[str]) -> State | None:
    """As the last commit has it; None where it has none, or one that a person or another version has left unreadable:
    the host is new to the history then."""
    old = _read_json(repository, _snapshot_path(host), present)
    try:
        return State.from_dict(old["state"]) if isinstance(old.get("state"), dict) else None
    except StateError:
        return None


def _files_of(host: str, document: dict[str, Any]) -> Iterator[tuple[str, bytes]]:
    folder = f"{HOSTS}/{_name_of(host)}"
    yield f"{folder}/{RULES}", rules_text(State.from_dict(document["state"])).encode("utf-8", "replace")
    for name, text in configurations(document).items():
        yield f"{folder}/{name}.txt", text.encode("utf-8", "replace")
    yield _snapshot_path(host), _json(document)


def _name_of(host: str) -> str:
    """A host's name as a file's."""
    return snapshot.path_of("", host).name[: -len(snapshot.SUFFIX)]


def _snapshot_path(host: str) -> str:
    return f"{SNAPSHOTS}/{snapshot.path_of('', host).name}"


def _is_of(path: str, names: set[str]) -> bool:
    """Whether a file of the history is about one of these hosts, by their names as files."""
    folder, _slash, rest = path.partition("/")
    if folder == SNAPSHOTS:
        return rest[: -len(snapshot.SUFFIX)] in names
    return folder == HOSTS and rest.partition("/")[0] in names


def _read_json(repository: Repository, path: str, present: set[str]) -> dict[str, Any]:
    """A document of the last commit; empty where there is none, or one that a person has broken."""
    if path not in present:
        return {}
    try:
        found = json.loads(repository.read(path))
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _placed(document: Mapping[str, Any]) -> dict[str, Any]:
    """The document, with the snapshots where the history has them."""
    hosts = [
        {**host, "snapshot": _snapshot_path(host["name"]) if host["status"] == "read" else ""}
        for host in document["hosts"]
    ]
    return {**document, "hosts": hosts}


def _digest_of(report: Mapping[str, Any]) -> str:
    """The same as long as the audit says the same (sha256 in hex)."""
    lasts = {name: item for name, item in report.items() if name not in _OF_THIS_AUDIT}
    content = json.dumps(_without_times(lasts), sort_keys=True)
    return hashlib.sha256(content.encode("utf-8", "surrogatepass")).hexdigest()


def _without_times(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_times(item) for name, item in value.items() if name not in _TIMES}
    if isinstance(value, list):
        return [_without_times(item) for item in value]
    return value


def _json(value: Any) -> bytes:
    return "".join(pretty(value)).encode("utf-8", "surrogatepass")
