# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One step of an audit, for all hosts at once: thin, the engine is plugin_utils/audit."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

from ansible.utils.display import Display

from ansible_collections.pathguard.network.plugins.plugin_utils.ansible_values import native, unsafe
from ansible_collections.pathguard.network.plugins.plugin_utils.audit.collect import AuditSite
from ansible_collections.pathguard.network.plugins.plugin_utils.audit.document import (
    Slice,
    slice_from,
    summary_of,
)
from ansible_collections.pathguard.network.plugins.plugin_utils.audit.join import Source
from ansible_collections.pathguard.network.plugins.plugin_utils.audit.run import Audit, Order, audit
from ansible_collections.pathguard.network.plugins.plugin_utils.audit.slices import claimed, cut
from ansible_collections.pathguard.network.plugins.plugin_utils.errors import AuditError, PathGuardError
from ansible_collections.pathguard.network.plugins.plugin_utils.gather import netmiko_channel  # noqa: F401  # pylint: disable=unused-import
from ansible_collections.pathguard.network.plugins.plugin_utils.gather.action import (
    HOST_OPTIONS,
    HostsAction,
    Progress,
)
from ansible_collections.pathguard.network.plugins.plugin_utils.gather.hosts import HostLogins
from ansible_collections.pathguard.network.plugins.plugin_utils.gather.offline import Told
from ansible_collections.pathguard.network.plugins.plugin_utils.home import expanded
from ansible_collections.pathguard.network.plugins.plugin_utils.render.formats import render

LOGIN_OPTIONS = {name: HOST_OPTIONS[name] for name in ("transport", "host_key_checking", "workers")}
STATS, ID = "path_audit_summary", "path_audit_id"


class ActionModule(HostsAction):
    BYPASS_HOST_LOOP = True

    ROLE = "path_audit"
    PLAYBOOK = "audit"
    FIRST_STEPS = ("audit", "join")
    SPEC: ClassVar[dict[str, dict[str, Any]]] = {
        "step": {"type": "str", "required": True, "choices": ["audit", "join", "verdict"]},
        "policies": {"type": "raw"},
        "hosts": {"type": "list", "elements": "str"},
        "baseline": {"type": "str", "default": ""},
        "snapshots": {"type": "str", "default": ""},
        "files": {"type": "str", "default": ""},
        "report_dir": {"type": "str", "default": "pathguard"},
        "snapshot_dir": {"type": "str", "default": ""},
        "history_dir": {"type": "str", "default": ""},
        "prometheus_file": {"type": "str", "default": ""},
        "formats": {"type": "list", "elements": "str", "default": ["json", "text", "html"]},
        "fail_on": {"type": "list", "elements": "str", "default": ["violation"]},
        "name": {"type": "str", "default": ""},
        "id": {"type": "str", "default": ""},
        "boot": {"type": "bool", "default": True},
        "unserved": {"type": "bool", "default": False},
        "seconds": {"type": "float", "default": 20.0},
        "slice_number": {"type": "int", "default": 0},
        "slice_count": {"type": "int", "default": 0},
        "slices_dir": {"type": "str", "default": ""},
        "folder": {"type": "str"},
        "result": {"type": "raw"},
        "command_timeout": {"type": "int", "default": 60},
        **LOGIN_OPTIONS,
    }
    RULES: ClassVar[dict[str, Any]] = {
        "required_if": [
            ("step", "audit", ("hosts",)),
            ("step", "join", ("hosts",)),
            ("step", "verdict", ("result",)),
        ]
    }

    def work(self, options: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        done = self._verdict(options) if options["step"] == "verdict" else self._audit(options, task_vars)
        found: dict[str, Any] = unsafe(done)
        return found

    def _audit(self, options: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        """A task that has failed sets no artifacts, so what is wrong is told by the step after this one."""
        given = options["slice_number"] if options["slice_count"] > 1 and options["step"] == "audit" else 0
        try:
            order, site = self._order(options, task_vars)
            done = audit(order, site, Told())
        except PathGuardError as error:
            summary = {"verdict": "error", "reasons": [error.what]}
            return {"changed": False, "error": str(error), "verdict": "error", **_stats(given, "", summary)}
        self.say("\n" + render(done.document, "text"))
        for text in [*map(str, done.trouble), *done.notes]:
            Display().warning(text)
        return _result(done)

    def _verdict(self, options: dict[str, Any]) -> dict[str, Any]:
        """Fail where the audit was not good; one of which nothing is known is not."""
        last = options["result"] if isinstance(options["result"], dict) else {}
        if "verdict" not in last:
            raise AuditError(
                "there was no audit: its task was skipped, or has left nothing",
                "path_audit",
                "use the role as a whole, without tags or conditions that leave a part of it out",
            )
        if last["verdict"] == "error":
            return {"changed": False, "failed": True, "msg": last["error"]}
        lines = [*last["reasons"][:3]]
        if last["verdict"] != "pass":
            lines.insert(0, f"the audit {last['id']} fails")
        lines += [trouble.splitlines()[0] for trouble in last["trouble"][:1]]
        if last["verdict"] == "pass" and not last["trouble"]:
            return {"changed": False, "msg": f"the audit {last['id']} passes"}
        where = last["report"] or "the task before: there is no report"
        return {"changed": False, "failed": True, "msg": "\n".join([*lines, f"see {where}"][:5])}

    def _order(self, options: dict[str, Any], task_vars: dict[str, Any]) -> tuple[Order, AuditSite | None]:
        groups = native(task_vars["groups"])
        folder = Path(options["folder"] or self._loader.get_basedir())
        login = {**options, "timeout": options["command_timeout"], "platform": None}
        logins = self.logins(login, task_vars)
        offline = options["snapshots"] or options["files"]
        site = None if offline else AuditSite(logins.accesses, options["workers"], Progress)

        def path(option: str) -> Path | None:
            return folder / expanded(options[option]) if options[option] else None

        report_dir = path("report_dir") or folder
        hosts, part = _part(options, report_dir)
        order = Order(
            policies=options["policies"],
            folder=folder,
            hosts=hosts,
            groups=groups,
            inventory=groups.get("all", []),
            report_dir=report_dir,
            name=options["name"],
            id=options["id"],
            slice=part,
            partial=bool(task_vars.get("ansible_limit")),
            baseline=options["baseline"],
            snapshot_dir=path("snapshot_dir"),
            snapshots=path("snapshots"),
            files=path("files"),
            slices=_slices(options, path("slices_dir") or report_dir),
            platforms=logins.platforms(hosts) if options["files"] else {},
            boot=options["boot"],
            unserved=options["unserved"],
            formats=options["formats"],
            prometheus_file=path("prometheus_file"),
            history_dir=path("history_dir"),
            fail_on=options["fail_on"],
            seconds=options["seconds"],
            early=_told_early,
            secrets=lambda hosts: _secrets(logins, hosts) if site is not None else [],
        )
        return order, site


def _told_early(error: PathGuardError) -> None:
    """At once: from ansible-core 2.19 on, warnings wait for the task's end."""
    Display().display(f"PathGuard, before any host is read: {error}", stderr=True)


def _part(options: dict[str, Any], report_dir: Path) -> tuple[list[str], Slice | None]:
    """The hosts to audit, and which slice they are. Where only the count is said, AWX has cut the inventory."""
    # Ansible's filters of sets give them in any order, and a report must not depend on it.
    hosts: list[str] = sorted(set(options["hosts"]))
    number, count = options["slice_number"], options["slice_count"]
    if options["step"] == "join" or (count <= 1 and number <= 1):
        return hosts, None
    if not options["id"]:
        raise AuditError(
            "nothing says which slices belong together",
            "path_audit_id",
            "give all slices of an audit the same id",
        )
    if number == 0:
        return hosts, claimed(report_dir, options["id"], count, hosts)
    part = slice_from(number, count)
    return (cut(hosts, part), part) if part is not None else (hosts, None)


def _slices(options: dict[str, Any], folder: Path) -> Source | None:
    return Source(folder, max(options["slice_count"], 0)) if options["step"] == "join" else None


def _secrets(logins: HostLogins, hosts: Sequence[str]) -> list[str]:
    """Of the hosts to which a login can be made: the others have sent none."""
    found: list[str] = []
    for name in hosts:
        try:
            found += logins.accesses([name])[0].secrets()
        except PathGuardError:
            continue
    return list(dict.fromkeys(found))


def _result(done: Audit) -> dict[str, Any]:
    """Small, because it goes through Ansible's variables."""
    report = str(done.files.get("json", ""))
    part = done.document["slice"]
    trouble = [str(error) for error in done.trouble]
    summary = {
        **summary_of(done.document),
        "report": report,
        "trouble": len(trouble),
        "history": done.history,
    }
    return {
        "changed": False,
        "id": done.document["id"],
        "verdict": summary["verdict"],
        "reasons": summary["reasons"],
        "summary": summary,
        "report": report,
        "files": {name: str(path) for name, path in done.files.items()},
        "folder": str(done.folder or ""),
        "trouble": trouble,
        "seconds": done.seconds,
        **_stats(part["number"] if part else 0, done.document["id"], summary),
    }


def _stats(part: int, audit_id: str, summary: dict[str, Any]) -> dict[str, Any]:
    """What set_stats would set: small, and of a name that no other slice uses. The id of the slices' audit is the same
    in all of them, and reaches the join as a variable."""
    data: dict[str, Any] = {f"{STATS}_{part}" if part else STATS: summary}
    if part and audit_id:
        data[ID] = audit_id
    return {"ansible_stats": {"data": data, "per_host": False, "aggregate": False}}
