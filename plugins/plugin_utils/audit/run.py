# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One audit: read all hosts, compare each with the baseline, look for bad order, judge all policies, write it down."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ..errors import AuditError, GatherError, GuardError, PathGuardError
from ..gather.access import LEAST_OF_A_SECRET
from ..gather.names_file import read as read_names
from ..gather.several import several
from ..guard import record
from ..guard.names import resolver as ask_names
from ..model.garbage import little_garbage
from ..policy.names import Names
from ..policy.paths import Policy
from . import files, history, policies, repository, slices, who
from .baseline import Baseline, open_baseline
from .collect import MISSING, SNAPSHOTS, AuditSite, Collected, from_files, from_snapshots, inner
from .document import Parts, Slice, checked_fail_on, document, host_entry
from .drift import CHANGED
from .given import Given, check, read_policies
from .hygiene import hygiene
from .join import NO_REPORT, REPORT, Joined, Source, joined
from .lasting import redacted
from .served import Served, served

Entry = dict[str, Any]
Say = Callable[[str], None]
PREFIX = "audit"


@dataclass(frozen=True)
class Order:
    """What is asked for. ``policies``: as given, see read_policies. ``folder``: that relative paths start from.
    ``hosts``: those to audit; ``inventory``: all that there are. ``partial``: whether ``hosts`` is part of what is
    audited otherwise (--limit): then no history is kept. ``snapshots``, ``files``: folders to read instead of hosts;
    ``slices``: of such an audit, to be joined instead of reading hosts.
    ``platforms``: of those hosts, or why one has none. ``seconds``: for one host's drift, and for its hygiene.
    ``unserved``: whether rules are told that serve no path. ``early``: told, before any host is read, what of the audit
    can't be written down."""

    policies: Any
    folder: Path
    hosts: Sequence[str]
    groups: Mapping[str, Sequence[str]]
    inventory: Sequence[str]
    report_dir: Path
    name: str = ""
    id: str = ""
    slice: Slice | None = None
    partial: bool = False
    baseline: str = ""
    snapshot_dir: Path | None = None
    snapshots: Path | None = None
    files: Path | None = None
    slices: Source | None = None
    platforms: Mapping[str, str | PathGuardError] = field(default_factory=dict)
    boot: bool = True
    unserved: bool = False
    formats: Sequence[str] = ("json", "text")
    prometheus_file: Path | None = None
    history_dir: Path | None = None
    fail_on: Sequence[str] = ("violation",)
    seconds: float = 20.0
    secrets: Callable[[Sequence[str]], Sequence[str]] = lambda _hosts: ()
    early: Callable[[PathGuardError], None] = lambda _error: None


@dataclass
class Audit:
    """``folder``: where it is kept; None where none could be made. ``files``: format -> file. ``trouble``: what could
    not be written, which changes no verdict. ``notes``: what people should know besides. ``history``: the commit's
    name; empty where none was made."""

    document: Entry
    folder: Path | None
    files: dict[str, Path]
    trouble: list[PathGuardError]
    history: str = ""
    notes: list[str] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)


class _Clock:
    """How long each step took."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._last = time.monotonic()

    def lap(self, step: str) -> None:
        now = time.monotonic()
        self.seconds[step] = round(now - self._last, 2)
        self._last = now


@little_garbage()
def audit(order: Order, site: AuditSite | None, say: Say) -> Audit:
    """``site``: None where saved files are read. Raises PathGuardError for what makes an audit impossible: a mistake in
    what was asked for. What goes wrong on a host, in one policy or with a file is part of the audit."""
    given, baseline = _checked(order)
    if order.slices is not None and not order.id:
        order = replace(order, id=slices.latest(order.slices.folder, order.report_dir, REPORT))
    clock = _Clock()
    folder, trouble = _folder(order)
    for error in [*trouble, *_hindered(order)]:
        order.early(error)
    audit_id = order.id or (folder.name if folder is not None else _stamp())
    keep_in = order.snapshot_dir or (folder / SNAPSHOTS if folder is not None else None)
    joined_from = (
        joined(
            replace(order.slices, joins=order.report_dir), order.id, order.hosts, folder, baseline is not None
        )
        if order.slices is not None
        else None
    )
    collected = joined_from.collected if joined_from else _collect(order, site, keep_in, audit_id)
    trouble += _unwritten(collected)
    clock.lap("read")
    say(f"{len(collected.states)} of {len(order.hosts)} hosts read")
    parts = Parts(
        id=audit_id,
        generated_at="",
        name=order.name,
        slice=order.slice,
        fail_on=checked_fail_on(order.fail_on),
    )
    parts.hosts = [host_entry(one, folder) for one in collected.hosts.values()]
    if joined_from is not None:
        _take_over(order, joined_from, baseline, parts)
    else:
        _examine(order, collected, baseline, parts, say)
        if baseline is not None:
            who.tell(parts.drift, collected, baseline.states, baseline.said, baseline.gathered_at, site)
    if baseline is not None:
        parts.baseline = baseline.to_dict()
        parts.drift += baseline.gone(order.hosts, order.inventory) if order.slice is None else []
    clock.lap("examine")
    if order.slice is None:
        _judge(order, given, collected, baseline, site, keep_in, parts, trouble, say)
    else:
        parts.policies = [{"file": one.file, "report": None, "error": ""} for one in given]
    clock.lap("judge")
    parts.generated_at = record.now().replace("+00:00", "Z")
    secrets = [secret for secret in order.secrets(order.hosts) if len(secret) >= LEAST_OF_A_SECRET]
    found = redacted(document(parts), secrets)
    written, unwritable = files.write(
        folder, found, files.checked_formats(order.formats), order.prometheus_file
    )
    clock.lap("report")
    result = Audit(found, folder, written, [*trouble, *unwritable], seconds=clock.seconds)
    _keep_history(order, collected, result, secrets)
    clock.lap("history")
    return result


def _checked(order: Order) -> tuple[list[Given], Baseline | None]:
    """All that can be wrong with what was asked for, before any host is read."""
    checked_fail_on(order.fail_on)
    files.checked_formats(order.formats)
    if not order.hosts:
        raise AuditError(
            "there is no host to audit",
            "path_audit_hosts",
            "correct the pattern, the inventory or --limit: an audit of nothing is none",
        )
    if order.seconds <= 0:
        raise AuditError(f"{order.seconds:g} s are no time", "path_audit_seconds", "give more than 0")
    if order.snapshots is not None and order.files is not None:
        raise AuditError(
            "both saved snapshots and saved outputs are named",
            "path_audit_snapshots, path_audit_files",
            "leave one of them out",
        )
    given = read_policies(order.policies, order.folder)
    if order.slice is None:
        check(given, order.groups, order.inventory)
    elif order.history_dir is not None:
        raise AuditError(
            "the audit of a slice keeps no history",
            "path_audit_history_dir",
            "keep it when the slices are joined",
        )
    return given, open_baseline(order.baseline, order.folder) if order.baseline else None


def _stamp() -> str:
    return f"{PREFIX}-{record.now().replace('-', '').replace(':', '').split('+')[0].replace('T', '-')}"


def _folder(order: Order) -> tuple[Path | None, list[PathGuardError]]:
    """A folder of the audit's own; a full or forbidden disk costs the files, and not the verdict."""
    wanted = order.id or _stamp()
    if order.slice is not None:
        wanted = f"{wanted}-slice{order.slice.number}"
    record.checked_id(wanted, "path_audit_id")
    try:
        return record.new_folder(order.report_dir, wanted), []
    except GuardError as error:
        todo = "make room, mend its permissions, or name another by path_audit_report_dir"
        return None, [AuditError(error.what.replace("run's", "audit's"), error.where, todo)]


def _hindered(order: Order) -> list[AuditError]:
    """What is tried all the same in the end: nobody should wait for hours to hear that a folder is forbidden."""
    found = files.hindered(order.prometheus_file, order.snapshot_dir)
    history_error = repository.hindered(order.history_dir) if order.history_dir is not None else None
    return [*found, history_error] if history_error is not None else found


def _collect(order: Order, site: AuditSite | None, keep_in: Path | None, audit_id: str) -> Collected:
    if order.snapshots is not None:
        return from_snapshots(order.snapshots, order.hosts)
    if order.files is not None:
        return from_files(order.files, order.hosts, order.platforms, keep_in, audit_id)
    if site is None:
        raise AuditError("nothing is named that could be read", "path_audit_snapshots", "name a folder")
    return site.collect(order.hosts, keep_in, audit_id, order.boot)


def _unwritten(collected: Collected) -> list[PathGuardError]:
    """One error for all snapshots that could not be written."""
    errors = {name: one.trouble for name, one in collected.hosts.items() if one.trouble is not None}
    return [several(errors, len(collected.hosts), "kept")] if errors else []


def _examine(order: Order, collected: Collected, baseline: Baseline | None, parts: Parts, say: Say) -> None:
    for number, host in enumerate(collected.hosts.values(), 1):
        say(f"{number} of {len(collected.hosts)} hosts examined")
        if baseline is not None:
            entry = baseline.compare(host, order.seconds)
            parts.drift.append(entry)
            if entry["status"] == CHANGED and entry["reason"]:
                parts.not_examined.append({"host": host.name, "what": "drift", "reason": entry["reason"]})
        if host.state is not None:
            found, missed = hygiene(host.state, order.seconds, order.boot)
            parts.hygiene += found
            parts.not_examined += missed
        else:
            parts.not_examined.append(
                {"host": host.name, "what": "hygiene", "reason": "it could not be read"}
            )


def _take_over(order: Order, found: Joined, baseline: Baseline | None, parts: Parts) -> None:
    """What the slices have examined already. Of hosts that are missing, nothing is known."""
    parts.hygiene += found.hygiene
    parts.not_examined += found.not_examined
    parts.missing_slices = found.missing
    for host in found.collected.hosts.values():
        if host.status == MISSING:
            parts.not_examined.append({"host": host.name, "what": "hygiene", "reason": NO_REPORT})
        if baseline is not None and host.name in found.drift:
            baseline.know(host)
            parts.drift.append(found.drift[host.name])
        elif baseline is not None:
            parts.drift.append(baseline.compare(host, order.seconds))


def _judge(
    order: Order,
    given: Sequence[Given],
    collected: Collected,
    baseline: Baseline | None,
    site: AuditSite | None,
    keep_in: Path | None,
    parts: Parts,
    trouble: list[PathGuardError],
    say: Say,
) -> None:
    states = collected.states

    def names_of(policy: Policy) -> Names:
        if site is None or order.snapshots is not None:
            return Names(read_names(inner(order.snapshots))) if order.snapshots is not None else Names({})
        try:
            return ask_names(policy, order.groups, states, site, keep_in)
        except GatherError as error:  # of the file that keeps them
            trouble.append(error)
            return ask_names(policy, order.groups, states, site)

    by = policies.Judged(
        states=states,
        groups=order.groups,
        snapshots={name: str(path) for name, path in collected.snapshots().items()},
        baseline=baseline.states if baseline is not None else None,
        resolver=names_of,
        names_before=baseline.names if baseline is not None else None,
    )
    parts.policies = policies.judge(given, by, say)
    found, missed = served(given, by, Served(order.unserved), parts.policies)
    parts.hygiene += found
    parts.not_examined += missed


def _keep_history(order: Order, collected: Collected, result: Audit, secrets: Sequence[str]) -> None:
    if order.history_dir is None:
        return
    if order.partial:
        result.notes.append("no history was kept: --limit left hosts out, and a history is of all of them")
        return
    texts = {}
    for name, path in result.files.items():
        if name in ("text", "markdown"):
            texts[path.name] = path.read_text(encoding="utf-8")
    try:
        kept = history.keep(order.history_dir, collected.snapshots(), result.document, texts, secrets)
    except PathGuardError as error:
        result.trouble.append(error)
        return
    result.history = kept.commit
    if kept.note:
        result.notes.append(kept.note)
