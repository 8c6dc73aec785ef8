# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one step of a diagnosis, for all hosts at once: thin, the engine is plugin_utils/diagnose."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

from ansible import constants as C
from ansible.utils.display import Display

from ansible_collections.pathguard.network.plugins.plugin_utils.ansible_values import native, unsafe
from ansible_collections.pathguard.network.plugins.plugin_utils.diagnose import report, screen
from ansible_collections.pathguard.network.plugins.plugin_utils.diagnose.run import Diagnosis, Order, diagnose
from ansible_collections.pathguard.network.plugins.plugin_utils.diagnose.site import DiagnoseSite
from ansible_collections.pathguard.network.plugins.plugin_utils.errors import GuardError
from ansible_collections.pathguard.network.plugins.plugin_utils.gather import netmiko_channel  # noqa: F401  # pylint: disable=unused-import
from ansible_collections.pathguard.network.plugins.plugin_utils.gather.action import (
    HOST_OPTIONS,
    HostsAction,
    Progress,
)
from ansible_collections.pathguard.network.plugins.plugin_utils.home import expanded

LOGIN_OPTIONS = {name: HOST_OPTIONS[name] for name in ("transport", "host_key_checking", "workers")}
QUESTION = ("from", "to", "service", "policy", "paths", "names", "login")
# How many causes go through Ansible's variables; the JSON report has all.
MOST_CAUSES = 5
# Standard output of these callbacks is a document of their own.
MACHINE_READABLE = ("json", "jsonl", "junit", "null")


class ActionModule(HostsAction):
    ROLE = "path_diagnose"
    SPEC: ClassVar[dict[str, dict[str, Any]]] = {
        "from": {"type": "raw"},
        "to": {"type": "raw"},
        "service": {"type": "raw"},
        "policy": {"type": "raw"},
        "paths": {"type": "list", "elements": "str"},
        "names": {"type": "list", "elements": "str"},
        "login": {"type": "dict"},
        "hops": {"type": "list", "elements": "str"},
        "history": {"type": "str", "default": ""},
        "baseline": {"type": "str", "default": ""},
        "probe": {"type": "bool", "default": True},
        "probe_timeout": {"type": "float", "default": 2.0},
        "folder": {"type": "str"},
        "dir": {"type": "str", "default": "pathguard"},
        "bundle": {"type": "bool", "default": True},
        "run_id": {"type": "str", "default": ""},
        "command_timeout": {"type": "int", "default": 60},
        **LOGIN_OPTIONS,
    }

    def work(self, options: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        if options["hops"] is not None and not options["hops"]:
            raise GuardError(
                "path_diagnose_hops matches no host of the inventory",
                "path_diagnose_hops",
                "correct the host pattern, or leave it out: the routers are looked for then",
            )
        if options["probe_timeout"] <= 0:
            raise GuardError(
                f"{options['probe_timeout']:g} s are no time",
                "path_diagnose_probe_timeout",
                "give more than 0",
            )
        login = {**options, "timeout": options["command_timeout"], "platform": None}
        site = DiagnoseSite(self.logins(login, task_vars).accesses, options["workers"], Progress)
        found = diagnose(self._order(options, task_vars), site, self._say)
        names = [*found.case.states, *found.case.silent]
        secrets = [secret for access in site.accesses(names) for secret in access.secrets()]
        files = report.write(found, secrets, options["bundle"])
        self._say("\n" + screen.text(found))
        result: dict[str, Any] = unsafe(_result(found, files))
        return result

    def _order(self, options: dict[str, Any], task_vars: dict[str, Any]) -> Order:
        groups = native(task_vars["groups"])
        folder = Path(options["folder"] or self._loader.get_basedir())
        directory = folder / expanded(options["dir"])
        return Order(
            options={name: options[name] for name in QUESTION},
            folder=folder,
            directory=directory,
            groups=groups,
            hosts=groups.get("all", []),
            hops=options["hops"],
            history=self._history(options, folder, directory),
            baseline=folder / expanded(options["baseline"]) if options["baseline"] else None,
            probe=options["probe"],
            probe_timeout=options["probe_timeout"],
            run_id=options["run_id"],
        )

    def _history(self, options: dict[str, Any], folder: Path, directory: Path) -> Path | None:
        """By default what earlier runs have left where this one is kept, if there is anything."""
        if options["history"]:
            return folder / expanded(options["history"])
        return directory if directory.is_dir() else None

    def _say(self, text: str) -> None:
        if (
            str(C.config.get_config_value("DEFAULT_STDOUT_CALLBACK")).rpartition(".")[2]
            not in MACHINE_READABLE
        ):
            Display().display(text)


def _result(found: Diagnosis, files: dict[str, Path]) -> dict[str, Any]:
    """Small, because it goes through Ansible's variables."""
    causes = [
        {
            name: entry[name]
            for name in ("layer", "host", "what", "confidence", "firewall", "commands", "when", "hosts")
        }
        for entry in (cause.to_dict() for cause in found.causes[:MOST_CAUSES])
    ]
    first = found.causes[0] if found.causes else None
    stats = {
        "path_diagnose_run_id": found.id,
        "path_diagnose_verdict": found.verdict.kind,
        "path_diagnose_text": found.verdict.text,
        "path_diagnose_host": first.host if first else "",
    }
    return {
        "changed": False,
        "run_id": found.id,
        "verdict": found.verdict.to_dict(),
        "summary": screen.summary(found, files),
        "causes": causes,
        "paths": screen.short_paths(found.case.document),
        "seconds": found.seconds,
        "report": str(files["json"]),
        "report_text": str(files["text"]),
        "bundle": str(files["bundle"]) if "bundle" in files else None,
        "ansible_stats": {"data": stats, "per_host": False, "aggregate": False},
    }
