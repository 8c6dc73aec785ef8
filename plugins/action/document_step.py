# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one step of a documentation, for all hosts at once: thin, the engine is plugin_utils/document."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

from ansible.utils.display import Display

from ansible_collections.pathguard.network.plugins.plugin_utils.ansible_values import native, unsafe
from ansible_collections.pathguard.network.plugins.plugin_utils.audit.collect import AuditSite
from ansible_collections.pathguard.network.plugins.plugin_utils.document.doubts import doubts
from ansible_collections.pathguard.network.plugins.plugin_utils.document.run import (
    Documented,
    Order,
    document,
)
from ansible_collections.pathguard.network.plugins.plugin_utils.gather import netmiko_channel  # noqa: F401  # pylint: disable=unused-import
from ansible_collections.pathguard.network.plugins.plugin_utils.gather.action import (
    HOST_OPTIONS,
    HostsAction,
    Progress,
)
from ansible_collections.pathguard.network.plugins.plugin_utils.gather.offline import Told
from ansible_collections.pathguard.network.plugins.plugin_utils.home import expanded
from ansible_collections.pathguard.network.plugins.plugin_utils.render.words import counted

LOGIN_OPTIONS = {name: HOST_OPTIONS[name] for name in ("transport", "host_key_checking", "workers")}


class ActionModule(HostsAction):
    BYPASS_HOST_LOOP = True

    ROLE = "path_document"
    PLAYBOOK = "document"
    SPEC: ClassVar[dict[str, dict[str, Any]]] = {
        "title": {"type": "str", "required": True},
        "policies": {"type": "raw"},
        "hosts": {"type": "list", "elements": "str", "required": True},
        "snapshots": {"type": "str", "default": ""},
        "files": {"type": "str", "default": ""},
        "dir": {"type": "str", "default": "documentation"},
        "formats": {"type": "list", "elements": "str", "default": ["markdown", "html", "runbook"]},
        "folder": {"type": "str"},
        "command_timeout": {"type": "int", "default": 60},
        **LOGIN_OPTIONS,
    }

    def work(self, options: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        groups = native(task_vars["groups"])
        folder = Path(options["folder"] or self._loader.get_basedir())
        login = {**options, "timeout": options["command_timeout"], "platform": None}
        logins = self.logins(login, task_vars)

        def path(option: str) -> Path | None:
            return folder / expanded(options[option]) if options[option] else None

        directory = path("dir") or folder
        order = Order(
            title=options["title"],
            policies=options["policies"],
            folder=folder,
            directory=directory,
            hosts=options["hosts"],
            groups=groups,
            inventory=groups.get("all", []),
            snapshots=path("snapshots"),
            files=path("files"),
            platforms=logins.platforms(options["hosts"]) if options["files"] else {},
            formats=options["formats"],
            keep=bool(self._task.check_mode),
        )
        offline = options["snapshots"] or options["files"]
        site = None if offline else AuditSite(logins.accesses, options["workers"], Progress)
        done = document(order, site, Told())
        found: dict[str, Any] = unsafe(_result(done, directory, bool(self._task.diff)))
        # Of a task that is ok Ansible shows no message.
        self.say(f"PathGuard: {found['msg']}")
        for text in doubts(done.site):
            Display().warning(text)
        return found


def _result(done: Documented, directory: Path, diff: bool) -> dict[str, Any]:
    """Small, because it goes through Ansible's variables."""
    site = done.site
    unread = [host.name for host in site.unread]
    errors = [policy.file for policy in site.policies if policy.error]
    result: dict[str, Any] = {
        "changed": bool(done.changes),
        "directory": str(directory),
        "pages": [change.name for change in done.changes],
        "hosts": len(site.hosts),
        "unread": unread,
        "not_judged": errors,
        "paths": len(site.paths),
        "rules_without_path": sum(host.idle for host in site.hosts) if site.judged else None,
        "msg": _summary(done, directory, unread, errors),
    }
    if diff:
        result["diff"] = [
            {
                "before": change.before,
                "after": change.after,
                "before_header": change.name,
                "after_header": change.name,
            }
            for change in done.changes
        ]
    return result


def _summary(done: Documented, directory: Path, unread: list[str], errors: list[str]) -> str:
    site = done.site
    pages = len(done.changes)
    written = f"{counted(pages, 'page')} new or changed" if pages else "no page has changed"
    told = f"{counted(len(site.hosts), 'host')} and {counted(len(site.paths), 'path')}"
    lines = [f"{told} in {directory}: {written}"]
    if unread:
        lines.append(f"not read: {', '.join(unread[:10])}{' ...' if len(unread) > 10 else ''}")
    if errors:
        lines.append(f"not judged: {', '.join(errors[:10])}{' ...' if len(errors) > 10 else ''}")
    return "; ".join(lines)
