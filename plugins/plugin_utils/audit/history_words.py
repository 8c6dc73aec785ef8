# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the commit of an audit says: the verdict, and what is otherwise than at the audit before it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..guard.flowdiff import flow_diff_within
from ..model.state import State
from ..render.clean import clean, clipped

# git(1): a subject that fits a line of `git log --oneline`.
SUBJECT = 100
WIDTH = 160
MOST_LINES = 40
# Of so many hosts, which flows were gained and lost is worked out, within so many seconds for all of them.
MOST_HOSTS = 20
SECONDS = 20.0

Paths = dict[tuple[str, str], tuple[str, str]]


def message(
    before: Mapping[str, Any],
    report: Mapping[str, Any],
    texts: Mapping[str, tuple[str, str]],
    states: Mapping[str, tuple[State, State]],
    new: Sequence[str],
    changed: Sequence[str],
    gone: Sequence[str],
) -> str:
    """``before``: the audit's document that was kept last, empty for the first. ``texts``: a changed host's rules as
    lines, then and now; ``states``: of some of them."""
    moved = _moved_paths(before, report)
    sections = [
        ("Paths", list(_path_lines(moved))),
        ("Hosts", list(_host_lines(texts, new, changed, gone))),
        ("Flows", _flow_lines(states)),
        ("Not read", list(_silent(report))),
    ]
    body = "".join(
        f"\n{title}:\n" + "".join(f"  {clipped(clean(line), WIDTH)}\n" for line in _first(lines))
        for title, lines in sections
        if lines
    )
    subject = clipped(clean(_subject(before, report, moved, new, changed, gone)), SUBJECT)
    return f"{subject}\n{body}\nAudit: {report['id']}\nEnded: {report['generated_at']}\n"


def _subject(
    before: Mapping[str, Any],
    report: Mapping[str, Any],
    moved: Sequence[tuple[str, str, str]],
    new: Sequence[str],
    changed: Sequence[str],
    gone: Sequence[str],
) -> str:
    verdict = report["summary"]["verdict"]
    was = before.get("summary", {}).get("verdict", verdict)
    parts = [f"{verdict} (was {was})" if was != verdict else verdict]
    if not before:
        parts.append("the first audit")
    if len(moved) == 1:
        parts.append(f"{moved[0][0]}: {moved[0][1]} -> {moved[0][2]}")
    elif moved:
        parts.append(f"{len(moved)} paths changed")
    parts += [
        f"{verb} {hosts[0]}" if len(hosts) == 1 else f"{verb} {len(hosts)} hosts"
        for verb, hosts in (
            ("changed:", changed),
            ("new:", new if before else ()),
            ("no longer audited:", gone),
        )
        if hosts
    ]
    if len(parts) == 1:
        parts.append("nothing changed")
    return f"{report['name'] or 'Audit'}: {', '.join(parts)}"


def _paths(report: Mapping[str, Any]) -> Paths:
    """By file of the policy and name of the path: its status, and whether it is as wanted."""
    return {
        (policy["file"], path["name"]): (path["status"], path["satisfied"])
        for policy in report.get("policies", ())
        if policy["report"] is not None
        for path in policy["report"]["paths"]
    }


def _moved_paths(before: Mapping[str, Any], report: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """(name, what it was, what it is); those that are still what they were are left out. A name that several policies
    have goes with its policy's file."""
    if not before:
        return []
    then, now = _paths(before), _paths(report)
    found = []
    files = Counter(name for _file, name in {*then, *now})
    for key in sorted({*then, *now}):
        was, is_now = then.get(key), now.get(key)
        if was != is_now:
            label = key[1] if files[key[1]] == 1 else f"{key[1]} ({key[0]})"
            found.append((label, _said(was), _said(is_now)))
    return found


def _said(path: tuple[str, str] | None) -> str:
    if path is None:
        return "not asked"
    wanted = {"yes": "", "no": ", not as wanted", "unknown": ", not known whether as wanted"}
    return f"{path[0]}{wanted.get(path[1], '')}"


def _path_lines(moved: Sequence[tuple[str, str, str]]) -> Iterator[str]:
    for name, was, is_now in moved:
        yield f"{name}: {was} -> {is_now}"


def _host_lines(
    texts: Mapping[str, tuple[str, str]], new: Sequence[str], changed: Sequence[str], gone: Sequence[str]
) -> Iterator[str]:
    for host in changed:
        was, is_now = (Counter(text.splitlines()) for text in texts[host])
        removed, added = list((was - is_now).elements()), list((is_now - was).elements())
        if removed or added:
            yield f"{host}: {_count(added)} added, {_count(removed)} removed"
            yield from (f"  - {line.strip()}" for line in removed if line.strip())
            yield from (f"  + {line.strip()}" for line in added if line.strip())
        elif texts[host][0] != texts[host][1]:
            yield f"{host}: the same rules in another order"
        else:
            yield f"{host}: its rules are as they were, something else is not"
    if new:
        yield f"new: {', '.join(new)}"
    if gone:
        yield f"no longer audited: {', '.join(gone)}"


def _count(lines: Sequence[str]) -> str:
    found = sum(1 for line in lines if line.strip())
    return f"{found} line" if found == 1 else f"{found} lines"


def _flow_lines(states: Mapping[str, tuple[State, State]]) -> list[str]:
    if not states:
        return []
    before = {host: pair[0] for host, pair in states.items()}
    after = {host: pair[1] for host, pair in states.items()}
    return flow_diff_within(SECONDS, lambda: before, after).splitlines()


def _silent(report: Mapping[str, Any]) -> Iterator[str]:
    for host in report["hosts"]:
        if host["status"] != "read":
            why = host["error"].splitlines()[0] if host["error"] else "its slice left no report"
            yield f"{host['name']}: {why}"


def _first(lines: Sequence[str]) -> list[str]:
    more = len(lines) - MOST_LINES
    return [*lines] if more <= 0 else [*lines[:MOST_LINES], f"and {more} more lines"]
