# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a page shows: a report or an audit as policies, paths, hosts and findings, whichever of both it is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from . import audit_words, words

Entry = Mapping[str, Any]

# How a mark is shown beside its word: by a symbol, and by a class for the colour.
TONES = {"ok": "good", "FAIL": "bad", "UNKNOWN": "doubt", "WAIVED": "waived"}
SYMBOLS = {
    "good": "\N{CHECK MARK}",
    "bad": "\N{MULTIPLICATION X}",
    "doubt": "?",
    "waived": "~",
    "note": "\N{MIDDLE DOT}",
}
_SEVERITIES = {"critical": "bad", "high": "bad", "medium": "doubt", "low": "note", "info": "note"}
_ORDER = ("critical", "high", "medium", "low", "info")
# A matrix with more rows or columns is no overview any more; a strip of tiles takes its place.
_ROWS, _COLUMNS = 40, 10
_FILLED = 0.2
# Paths that are told in full, and pictured; a page of 2,000 has to stay one that a browser opens at once.
MOST_FULL = 400
MOST_PICTURES = 1_000
# Parts, changes and decisions of a path beyond those in full.
MOST_SHORT = 2
MOST_PIECES = 200
# Addresses of a part, in full and in short.
MOST_ADDRESSES = (1_000, 40)


@dataclass(frozen=True)
class PathView:
    """``full``: told with all its parts and decisions; else the first of each."""

    id: str
    path: Entry
    mark: str
    full: bool
    pictured: bool

    @property
    def tone(self) -> str:
        return TONES[self.mark]

    @property
    def addresses(self) -> int:
        return MOST_ADDRESSES[0 if self.full else 1]

    def some(self, items: Sequence[Any], most: int = MOST_PIECES) -> Sequence[Any]:
        return items[: most if self.full else MOST_SHORT]


@dataclass(frozen=True)
class Matrix:
    """``columns``: (destination, service). ``rows``: (source, the paths of each column)."""

    columns: list[tuple[str, str]]
    rows: list[tuple[str, list[list[PathView]]]]


@dataclass(frozen=True)
class PolicyView:
    """``report``: None where the policy could not be judged; ``error`` says why."""

    id: str
    title: str
    file: str
    error: str
    report: Entry | None
    paths: list[PathView]
    matrix: Matrix | None


@dataclass(frozen=True)
class HostView:
    name: str
    platform: str
    status: str
    rules: int
    not_understood: int
    unreadable: list[str]
    fingerprint: str
    snapshot: str
    error: str
    planned: list[str]

    @property
    def tone(self) -> str:
        if self.status != "read":
            return "bad"
        return "doubt" if self.unreadable or self.not_understood else "good"


@dataclass(frozen=True)
class Fact:
    """One number of the overview; ``target``: the section that has more of it."""

    number: str
    text: str
    tone: str
    target: str


@dataclass
class View:
    """All that the page's template is given; ``audit`` and ``guard`` are None where there is none of it."""

    title: str
    verdict: str
    totals: str
    generated_at: str
    reasons: list[str]
    policies: list[PolicyView]
    hosts: list[HostView]
    findings: list[Entry]
    doubts: list[Entry]
    audit: Entry | None
    report: Entry | None
    facts: list[Fact] = field(default_factory=list)

    @property
    def paths(self) -> list[PathView]:
        return [path for policy in self.policies for path in policy.paths]

    @property
    def drift(self) -> list[Entry]:
        """Hosts that are not as in the baseline: those that differ first, and those that were reworded last."""
        order = ("changed", "new", "gone", "unknown", "same")
        entries = self.audit["drift"] if self.audit is not None else []
        return sorted(
            (entry for entry in entries if entry["status"] != "same" or entry["rules"]),
            key=lambda entry: order.index(entry["status"]),
        )

    @property
    def hygiene(self) -> list[Entry]:
        return list(self.audit["hygiene"]) if self.audit is not None else []

    def label(self, shown: PathView) -> str:
        """A path's name, with its policy's file where another policy has a path of that name."""
        name = str(shown.path["name"])
        if self._names[name] == 1:
            return name
        file = next(policy.file for policy in self.policies if any(one is shown for one in policy.paths))
        return f"{name} ({file})"

    @cached_property
    def _names(self) -> Counter[str]:
        return Counter(one.path["name"] for one in self.paths)

    @property
    def moved(self) -> list[PathView]:
        """Paths that fare otherwise than at the baseline."""
        return [shown for shown in self.paths if words.before(shown.path)]


def is_audit(document: Mapping[str, Any]) -> bool:
    return "policies" in document and "drift" in document


def view(document: Mapping[str, Any]) -> View:
    found = _audit(document) if is_audit(document) else _report(document)
    found.facts = list(_facts(found, document))
    return found


def _report(report: Entry) -> View:
    title = report["policy"]["title"] or report["policy"]["name"]
    return View(
        title=title,
        verdict=report["summary"]["verdict"],
        totals=words.totals(report),
        generated_at=report["generated_at"],
        reasons=[],
        policies=[_policy("policy-1", "", "", report, 0)],
        hosts=[_host(name, item) for name, item in report["hosts"].items()],
        findings=_findings(report["findings"]),
        doubts=_doubts(report["findings"]),
        audit=None,
        report=report,
    )


def _audit(audit: Entry) -> View:
    policies: list[PolicyView] = []
    for index, entry in enumerate(audit["policies"], start=1):
        before = sum(len(policy.paths) for policy in policies)
        policies.append(
            _policy(f"policy-{index}", entry["file"], entry.get("error", ""), entry["report"], before)
        )
    found = [item for entry in audit["policies"] if entry["report"] for item in entry["report"]["findings"]]
    return View(
        title=audit["name"] or audit["id"],
        verdict=audit["summary"]["verdict"],
        totals=_audit_totals(audit),
        generated_at=audit["generated_at"],
        reasons=list(audit["summary"].get("reasons", ())),
        policies=policies,
        hosts=[_audited(item) for item in audit["hosts"]],
        findings=_findings(found),
        doubts=_doubts(found),
        audit=audit,
        report=None,
    )


def _audit_totals(audit: Entry) -> str:
    summary = audit["summary"]
    hosts = summary["hosts"]
    found = f"{summary['satisfied']['yes']} of {summary['paths']} paths as wanted; {hosts['read']} hosts read"
    for name in ("failed", "missing"):
        found += f", {hosts[name]} {name}" if hosts[name] else ""
    return found + (f"; {summary['waived']} waived" if summary["waived"] else "")


def _policy(name: str, file: str, error: str, report: Entry | None, before: int) -> PolicyView:
    """``before``: how many paths other policies have brought already."""
    paths: list[PathView] = []
    for index, path in enumerate(words.worst_first(list(report["paths"])) if report else [], start=before):
        paths.append(
            PathView(f"path-{index + 1}", path, words.mark(path), index < MOST_FULL, index < MOST_PICTURES)
        )
    title = (report["policy"]["title"] or report["policy"]["name"]) if report else file
    return PolicyView(name, title, file, error, report, paths, _matrix(report, paths))


def _matrix(report: Entry | None, paths: Sequence[PathView]) -> Matrix | None:
    """Sources by destinations and services in the policy's order; None where it would be too large or too empty."""
    if report is None or len(paths) < 2:
        return None
    views = {id(shown.path): shown for shown in paths}
    ordered = [views[id(path)] for path in report["paths"]]
    columns = list(dict.fromkeys((shown.path["to"], words.service(shown.path)) for shown in ordered))
    sources = list(dict.fromkeys(shown.path["from"] for shown in ordered))
    cells = len(columns) * len(sources)
    if len(columns) > _COLUMNS or len(sources) > _ROWS or len(ordered) < _FILLED * cells:
        return None
    return Matrix(
        columns,
        [
            (
                source,
                [
                    [
                        shown
                        for shown in ordered
                        if shown.path["from"] == source
                        and (shown.path["to"], words.service(shown.path)) == column
                    ]
                    for column in columns
                ],
            )
            for source in sources
        ],
    )


def _host(name: str, item: Entry) -> HostView:
    """A host of a report; what could not be read of it stands among the findings."""
    unread = [f"{item['unreadable']} parts"] if item["unreadable"] else []
    return HostView(
        name=name,
        platform=item["platform"],
        status="read" if item["firewall_known"] else "rules not known",
        rules=sum(item["rulesets"].values()),
        not_understood=item["not_understood"],
        unreadable=unread,
        fingerprint=item["fingerprint"].get("static", ""),
        snapshot=item["snapshot"] or "",
        error="",
        planned=list(item.get("candidates", ())),
    )


def _audited(item: Entry) -> HostView:
    return HostView(
        name=item["name"],
        platform=item["platform"],
        status=item["status"],
        rules=item["rules"],
        not_understood=item["not_understood"],
        unreadable=list(item["unreadable"]),
        fingerprint=item["fingerprint"],
        snapshot=item["snapshot"],
        error=item["error"],
        planned=[],
    )


_OF_DOUBT = ("not_understood", "unreadable")


def _findings(found: Sequence[Entry]) -> list[Entry]:
    return sorted(
        (item for item in found if item["kind"] not in _OF_DOUBT),
        key=lambda item: _ORDER.index(item["severity"]),
    )


def _doubts(found: Sequence[Entry]) -> list[Entry]:
    """What was not understood or not read, each once however many policies asked for it."""
    told = {(item.get("host"), item["message"]): item for item in found if item["kind"] in _OF_DOUBT}
    return sorted(told.values(), key=lambda item: (item.get("host") or "", item["kind"], item["message"]))


def severity_tone(severity: str) -> str:
    return _SEVERITIES.get(severity, "note")


def symbol(tone: str) -> str:
    return SYMBOLS[tone]


def _facts(found: View, document: Entry) -> Iterator[Fact]:
    summary = document["summary"]
    counts = {mark: sum(shown.mark == mark for shown in found.paths) for mark in TONES}
    for mark, text in (("FAIL", "not as wanted"), ("UNKNOWN", "not known"), ("WAIVED", "waived")):
        if counts[mark]:
            yield _fact(counts[mark], "path", text, TONES[mark], "paths")
    if found.paths:
        yield _fact(counts["ok"], "path", "as wanted", "good" if counts["ok"] else "note", "paths")
    unjudged = sum(bool(policy.error) for policy in found.policies)
    if unjudged:
        yield _fact(unjudged, "policy file", "not judged", "bad", "paths")
    if found.moved:
        yield _fact(len(found.moved), "path", "changed", "doubt", "changes")
    if found.audit is not None:
        if found.audit["baseline"] is not None:
            drifted, unknown = (
                len(audit_words.moved(found.audit)),
                len(audit_words.not_compared(found.audit)),
            )
            yield _fact(drifted, "host", "drifted", "doubt" if drifted else "good", "changes")
            if unknown:
                yield _fact(unknown, "host", "not compared", "doubt", "changes")
        hygiene = summary["hygiene"]
        yield _fact(hygiene, "hygiene finding", "", "doubt" if hygiene else "good", "hygiene")
    if summary.get("configuration"):
        yield _fact(summary["configuration"], "configuration fact", "not as wanted", "bad", "findings")
    read = sum(host.status == "read" for host in found.hosts)
    whole = read == len(found.hosts)
    number = str(read) if whole else f"{read} of {len(found.hosts)}"
    hosts = "host read" if len(found.hosts) == 1 else "hosts read"
    yield Fact(number, hosts, "good" if whole and read else "bad", "hosts")
    if found.doubts:
        yield _fact(len(found.doubts), "thing", "not understood or read", "doubt", "doubts")


def _fact(count: int, what: str, how: str, tone: str, target: str) -> Fact:
    return Fact(str(count), f"{what}{'' if count == 1 else 's'} {how}".rstrip(), tone, target)
