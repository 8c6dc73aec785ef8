# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reports and audits of the small lab in the states that a reader may meet, for tests of how they are shown."""

from __future__ import annotations

import copy
import datetime
from collections.abc import Callable
from typing import Any

from ansible_collections.pathguard.network.plugins.plugin_utils.model.match import Unknown, both
from ansible_collections.pathguard.network.plugins.plugin_utils.model.state import State
from ansible_collections.pathguard.network.plugins.plugin_utils.policy.read import load_policy
from ansible_collections.pathguard.network.plugins.plugin_utils.policy.validate import validate
from tests.support.states import GROUPS, app_rule, forward, match, small_lab

Document = dict[str, Any]
TODAY = datetime.date(2026, 11, 23)
# What a rule's comment may hold: markup, templates, controls, bidirectional overrides, and no end.
HOSTILE = (
    'comment "</pre></style></svg><script>alert(1)</script><img src=http://evil.example/x onerror=alert(2)> '
    "{{ 7*7 }} {% raw %} \x1b[2J\x07 | `x` \u202egnp.exe\u2066 & ]]> \n# heading" + "-long" * 60 + '" '
)
OUTSIDE = {
    "from": {"any": True, "except": [{"prefix": "10.10.1.0/24"}, {"group": "firewalls"}]},
    "to": {"group": "db"},
}


def policy(title: str = "Shop, application to database") -> Document:
    to_primary = {"from": {"group": "app"}, "to": {"group": "db_primary"}}
    return {
        "title": title,
        "boundaries": [{"host": "fw1", "interface": "app0"}],
        "requiredPaths": [
            {
                "name": "app to primary",
                **to_primary,
                "service": "postgresql",
                "owner": "team shop",
                "ticket": "NET-17",
                "description": "The shop's own connections.",
            },
            {
                "name": "app to standby, so that a failover works when it is needed",
                "from": {"group": "app"},
                "to": {"group": "db_standby"},
                "service": "postgresql",
                "standby": True,
            },
            {
                "name": "app to pooler",
                **to_primary,
                "service": "6432/tcp",
                "waiver": {
                    "reason": "the pooler comes in spring",
                    "expires": "2027-03-31",
                    "approved_by": "jd",
                },
            },
        ],
        "forbiddenPaths": [
            {
                "name": "nothing else reaches the databases",
                **OUTSIDE,
                "service": ["postgresql", "mysql"],
                "severity": "critical",
            }
        ],
    }


def judged(wanted: Document, now: dict[str, State], before: dict[str, State] | None = None) -> Document:
    return validate(load_policy(wanted), now, GROUPS, before, today=TODAY)


def good() -> Document:
    wanted = policy()
    del wanted["requiredPaths"][2]
    return judged(wanted, small_lab(), small_lab())


def partial(words: str = "") -> Document:
    """A rule of fw1 has become narrower: three of ten hosts are cut off."""
    text, matched = app_rule("10.10.1.0/26")
    return judged(policy(), small_lab(fw1=[forward((words + text, matched))]), small_lab())


def hostile() -> Document:
    return partial(HOSTILE)


def two_ways() -> Document:
    return judged(
        policy(), small_lab(fw2=[forward(app_rule("10.10.1.0/26"))], ecmp=True), small_lab(ecmp=True)
    )


def unknown() -> Document:
    odd = both(match(proto="tcp", dport=5432), Unknown("meta skuid bob", "meta skuid is not modelled"))
    now = small_lab(fw1=[forward(app_rule("10.10.1.0/26"), ("meta skuid bob tcp dport 5432 accept", odd))])
    now["fw1"].not_understood.append(
        {
            "where": "inet/filter/forward rule 4",
            "text": "meta skuid bob",
            "reason": "meta skuid is not modelled",
        }
    )
    now["db2"].unreadable.append({"what": "ip6tables", "reason": "permission denied"})
    del now["app03"]
    return judged(policy(), now, small_lab())


def outside() -> Document:
    """A rule lets everybody in from outside."""
    wide = ("tcp dport 5432 accept", match(proto="tcp", dport=5432))
    return judged(policy(), small_lab(fw1=[forward(wide)]), small_lab())


def many(paths: int) -> Document:
    """So many paths, each second one partial."""
    found = partial()
    bad, fine = found["paths"][0], good()["paths"][0]
    found["paths"] = [
        {**copy.deepcopy(bad if index % 2 else fine), "name": f"path {index:04}", "to": f"group db{index}"}
        for index in range(paths)
    ]
    summary = found["summary"]
    summary["paths"] = paths
    summary["satisfied"] = {"yes": (paths + 1) // 2, "no": paths // 2, "unknown": 0}
    summary["status"] = {"open": (paths + 1) // 2, "partial": paths // 2, "blocked": 0, "unknown": 0}
    return found


def audit() -> Document:
    """Three policies that were judged and one that was not; drift, hygiene, hosts of every status."""
    first, second, third = partial(), hostile(), good()
    change = first["rule_changes"]["fw1"]
    empty: Document = {
        name: [] for name in ("gained", "lost", "unsettled", "rewritten", "rules", "elsewhere", "evidence")
    }
    same = {**empty, "reason": "", "more_rules": 0, "when": None, "by": None}
    flows = [{"src": ["10.10.1.64/26"], "dst": ["10.20.1.10/31"], "protocol": ["tcp"], "dst_port": ["5432"]}]
    moved = {
        "hook": "forward",
        "ruleset": "",
        "connection": "new",
        "flows": flows,
        "more": 0,
        "counted": True,
    }
    members = {"set": "inet/filter/apps", "change": "members", "removed": ["10.1.1.1"], "added": ["10.1.1.2"]}
    default = {
        "ruleset": "inet/filter/input",
        "change": "default_action",
        "before": "deny",
        "after": "permit",
    }
    hygiene = {"host": "fw1", "ruleset": "inet/filter/forward", "line": None}
    reports = [first, second, third]
    return {
        "format": 1,
        "generated_at": "2026-11-23T04:32:10Z",
        "id": "audit-20261123-043210",
        "name": "Nightly audit",
        "slice": None,
        "hosts": [
            *(_host(name) for name in ("app01", "app02", "db1", "fw1")),
            {**_host("r9", "failed", "login failed\nwhere: r9\nwhat to do: correct ansible_password")},
            {**_host("db7", "missing", "slice 3 left no report")},
        ],
        "policies": [
            *(
                {"file": f"policies/{index}.yml", "report": report, "error": ""}
                for index, report in enumerate(reports)
            ),
            {
                "file": "policies/broken.yml",
                "report": None,
                "error": "group nobody has no hosts\nwhere: $.requiredPaths[0].from",
            },
        ],
        "baseline": {"from": "baseline/last", "generated_at": "2026-11-22T04:32:10Z"},
        "drift": [
            {
                **same,
                "host": "fw1",
                "status": "changed",
                "lost": [moved],
                "unsettled": [{**moved, "was": "permit", "is": "unknown", "more": 3, "counted": False}],
                "rules": [*change, members, default],
                "elsewhere": [
                    {
                        "what": "route",
                        "removed": ["10.20.1.0/24 via 10.1.1.1"],
                        "added": ["10.20.1.0/24 via 10.1.1.2"],
                        "more": 0,
                    }
                ],
                "when": "2026-11-23 04:43:08 UTC",
                "by": "jdoe",
                "evidence": ["/etc/nftables.conf was written 2026-11-23 04:43:08 UTC (owner jdoe)"],
            },
            {**same, "host": "db1", "status": "same"},
            {**same, "host": "r9", "status": "unknown", "reason": "r9 could not be read"},
            {**same, "host": "db0", "status": "gone"},
            {**same, "host": "app02", "status": "new"},
        ],
        "hygiene": [
            {
                **hygiene,
                "kind": "any_any",
                "severity": "high",
                "position": 7,
                "handle": 21,
                "text": "accept",
                "message": "it permits every service from everybody to everybody",
            },
            {
                **hygiene,
                "kind": "unreachable_rule",
                "severity": "medium",
                "position": 8,
                "handle": 22,
                "text": "ip saddr 10.10.1.0/24 accept",
                "message": "earlier rules decide about all that it matches",
            },
        ],
        "not_examined": [{"host": "r9", "what": "hygiene", "reason": "it could not be read"}],
        "missing_slices": [3],
        "summary": {
            "verdict": "fail",
            "fail_on": ["violation"],
            "reasons": ["6 paths are not as wanted"],
            "paths": sum(len(report["paths"]) for report in reports),
            "status": _sum(reports, "status"),
            "satisfied": _sum(reports, "satisfied"),
            "violations": sum(report["summary"]["violations"] for report in reports) + 1,
            "waived": sum(report["summary"]["waived"] for report in reports),
            "drifted": 4,
            "hygiene": 2,
            "hygiene_by_severity": {"low": 0, "medium": 1, "high": 1},
            "not_examined": 1,
            "hosts": {"read": 4, "failed": 1, "missing": 1},
        },
    }


def _host(name: str, status: str = "read", error: str = "") -> Document:
    return {
        "name": name,
        "platform": "linux" if status == "read" else "",
        "status": status,
        "snapshot": f"snapshots/{name}.json" if status == "read" else "",
        "fingerprint": "ab12" * 16 if status == "read" else "",
        "error": error,
        "rules": 5 if status == "read" else 0,
        "not_understood": 0,
        "unreadable": [],
    }


def _sum(reports: list[Document], name: str) -> dict[str, int]:
    return {
        key: sum(report["summary"][name][key] for report in reports) for key in reports[0]["summary"][name]
    }


DOCUMENTS: dict[str, Callable[[], Document]] = {
    "good": good,
    "partial": partial,
    "two ways": two_ways,
    "unknown": unknown,
    "outside": outside,
    "hostile": hostile,
    "audit": audit,
}
