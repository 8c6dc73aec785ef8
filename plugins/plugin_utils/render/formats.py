# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A report by its schema -> text for people and tools, one entry a format in the table."""

from __future__ import annotations

import datetime
import json
import re
from collections import Counter
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import jinja2

from ..errors import PathGuardError
from . import audit_cases, audit_screen, audit_words, change_words, trace_words, words
from .audit_sarif import audit_sarif
from .clean import cleaned
from .html import html
from .html_page import is_audit
from .markdown import code, markdown
from .sarif import sarif
from .screen import WIDTH, screen, wrapped

Entry = dict[str, Any]
_TEMPLATES = Path(__file__).resolve().parent / "templates"


def _label(text: object) -> str:
    return str(text).replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


@cache
def _environment(escaped: bool) -> jinja2.Environment:
    found = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES),
        autoescape=escaped,  # noqa: S701 - on for all that is markup
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    found.filters.update(md=markdown, code=code, label=_label)
    found.globals.update(
        words=words, audit_words=audit_words, trace_words=trace_words, change_words=change_words
    )
    return found


def _template(name: str, escaped: bool = False, **values: Any) -> str:
    return _environment(escaped).get_template(name).render(**values)


def _block(path: Entry) -> list[str]:
    """The long form of a path that is not as wanted."""
    lines = _template("path.txt.j2", path=path).splitlines()
    return [part for line in lines if line.strip() for part in wrapped(line, WIDTH)]


def _text(report: Entry) -> str:
    blocks = {path["name"]: _block(path) for path in report["paths"] if path["satisfied"] != "yes"}
    return "\n".join(screen(report, blocks)) + "\n"


def _report_markdown(report: Entry) -> str:
    found = _template("report.md.j2", report=report, paths=words.worst_first(report["paths"]))
    return re.sub(r"\n{3,}", "\n\n", found)


def _junit(report: Entry) -> str:
    return _template("report.xml.j2", escaped=True, report=report, cases=_cases(report))


def _cases(report: Entry) -> list[Entry]:
    cases = [_case(path) for path in report["paths"]]
    for item in report["findings"]:
        if item["kind"] == "configuration":
            result = "failure" if item["satisfied"] == "no" else "error"
            cases.append(
                {
                    "kind": "configuration",
                    "name": item["where"],
                    "result": result,
                    "message": item["message"],
                    "text": item["at"],
                }
            )
    return cases


def _case(path: Entry) -> Entry:
    outcome = {"yes": "", "no": "failure", "unknown": "error"}[path["satisfied"]]
    result = "skipped" if path["waived"] else outcome
    block = _template("path.txt.j2", path=path) if result else ""
    text = "\n".join(line for line in block.splitlines() if line.strip())
    return {
        "kind": path["kind"],
        "name": path["name"],
        "result": result,
        "message": f"{path['status']}, {words.share(path)}",
        "text": text,
    }


def _prometheus(report: Entry) -> str:
    return _template("report.prom.j2", report=report, timestamp=_seconds(report))


def _seconds(report: Entry) -> int:
    made = datetime.datetime.fromisoformat(report["generated_at"].replace("Z", "+00:00"))
    return int(made.timestamp())


def _sarif(report: Entry) -> str:
    return json.dumps(sarif(report), indent=2) + "\n"


def _json(report: Entry) -> str:
    return json.dumps(report, indent=2) + "\n"


FORMATS: Mapping[str, Callable[[Entry], str]] = {
    "text": _text,
    "markdown": _report_markdown,
    "html": html,
    "junit": _junit,
    "sarif": _sarif,
    "prometheus": _prometheus,
    "json": _json,
}


def render_trace(trace: Mapping[str, Any]) -> str:
    """A trace (``policy.trace``) as text: a line for each hop."""
    return _template("trace.txt.j2", trace=cleaned(trace))


def _audit_text(audit: Entry) -> str:
    return "\n".join(audit_screen.screen(audit, _block)) + "\n"


def _audit_markdown(audit: Entry) -> str:
    policies = []
    for policy in audit["policies"]:
        if policy["report"] is not None:
            text = re.sub(r"^#", "##", _report_markdown(policy["report"]), flags=re.MULTILINE)
        elif policy["error"]:
            text = f"## PathGuard FAIL: {markdown(policy['file'])}\n\n{markdown(policy['error'])}"
        else:
            text = f"## {markdown(policy['file'])}\n\nTo be judged when the slices are joined."
        policies.append({"text": text})
    found = _template("audit.md.j2", audit=audit, policies=policies)
    return re.sub(r"\n{3,}", "\n\n", found)


def _audit_junit(audit: Entry) -> str:
    suites = [
        {
            "name": policy["file"],
            "cases": _cases(policy["report"])
            if policy["report"] is not None
            else audit_cases.of_policy(policy),
        }
        for policy in audit["policies"]
    ]
    return _template("audit.xml.j2", escaped=True, audit=audit, suites=[*suites, *audit_cases.suites(audit)])


def _audit_sarif(audit: Entry) -> str:
    return json.dumps(audit_sarif(audit), indent=2) + "\n"


def _audit_prometheus(audit: Entry) -> str:
    found = Counter((one["host"], one["kind"], one["severity"]) for one in audit["hygiene"])
    return _template("audit.prom.j2", audit=audit, timestamp=_seconds(audit), hygiene=sorted(found.items()))


# Of an audit (schemas/audit.schema.json).
AUDIT_FORMATS: Mapping[str, Callable[[Entry], str]] = {
    "text": _audit_text,
    "markdown": _audit_markdown,
    "html": html,
    "junit": _audit_junit,
    "sarif": _audit_sarif,
    "prometheus": _audit_prometheus,
    "json": _json,
}


def render(report: Mapping[str, Any], name: str = "text") -> str:
    """The report or audit in one of FORMATS; PathGuardError for another format or what is neither."""
    if name not in FORMATS:
        raise PathGuardError(f"there is no format {name!r}", "to_report", f"use one of {', '.join(FORMATS)}")
    if (
        not isinstance(report, Mapping)
        or report.get("format") != 1
        or not ("paths" in report or is_audit(report))
        or "summary" not in report
    ):
        raise PathGuardError(
            "this is neither a report of policy_validate nor an audit",
            "to_report",
            "give it the result's 'report', or the content of an audit.json",
        )
    try:
        return (AUDIT_FORMATS if is_audit(report) else FORMATS)[name](cleaned(report))
    except (AttributeError, LookupError, TypeError, ValueError, jinja2.UndefinedError) as error:
        raise PathGuardError(
            f"the report is malformed: {error!r}", "to_report", "give it the result's 'report', unchanged"
        ) from error
