# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Gather firewalls: hosts in, snapshots and summaries out."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

from ansible_collections.pathguard.network.plugins.plugin_utils.ansible_values import unsafe
from ansible_collections.pathguard.network.plugins.plugin_utils.errors import GatherError, PathGuardError

# netmiko takes long to import; named here, it is imported once, before Ansible forks for each host.
from ansible_collections.pathguard.network.plugins.plugin_utils.gather import (  # pylint: disable=unused-import
    names_file,
    netmiko_channel,  # noqa: F401
    snapshot,
)
from ansible_collections.pathguard.network.plugins.plugin_utils.gather.access import HostAccess
from ansible_collections.pathguard.network.plugins.plugin_utils.gather.action import (
    HOST_OPTIONS,
    HostsAction,
    failure,
)
from ansible_collections.pathguard.network.plugins.plugin_utils.gather.channel import Channel
from ansible_collections.pathguard.network.plugins.plugin_utils.gather.files import read_files
from ansible_collections.pathguard.network.plugins.plugin_utils.gather.firewall import Gathered, gather, keep
from ansible_collections.pathguard.network.plugins.plugin_utils.gather.hosts import TRANSPORTS
from ansible_collections.pathguard.network.plugins.plugin_utils.gather.names import resolve
from ansible_collections.pathguard.network.plugins.plugin_utils.gather.platforms import platform_of
from ansible_collections.pathguard.network.plugins.plugin_utils.home import expanded

FILES_OPTIONS = {
    "command": {"type": "str", "required": True},
    "path": {"type": "str"},
    "absent": {"type": "bool", "default": False},
}


class ActionModule(HostsAction):
    SPEC: ClassVar[dict[str, dict[str, Any]]] = {
        **HOST_OPTIONS,
        "transport": {"type": "str", "default": "auto", "choices": [*TRANSPORTS, "files"]},
        "files": {"type": "list", "elements": "dict", "options": FILES_OPTIONS},
        "snapshot_dir": {"type": "str"},
        "return_state": {"type": "bool", "default": False},
        "boot": {"type": "bool", "default": True},
        "names": {"type": "list", "elements": "str", "default": []},
    }

    def work(self, options: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        folder = self._folder(options["snapshot_dir"])
        if folder is not None:
            snapshot.prepare(folder, len(options["hosts"] or [""]))
        if options["names"] and folder is None:
            raise GatherError("names are kept beside snapshots", "names", "name a folder by snapshot_dir")
        if options["files"] is not None or options["transport"] == "files":
            good, errors = self._saved(options, task_vars, folder), {}
        else:
            good, errors = self._live(options, task_vars, folder)
        hosts = len(good) + len(errors)
        result: dict[str, Any] = {"changed": False, "firewalls": good, **failure(errors, hosts, "read")}
        if hosts == 1:
            firewall = result["firewall"] = next(iter(good.values()), {})
            if "state" in firewall:
                result["state"] = firewall["state"]
        found: dict[str, Any] = unsafe(result)
        return found

    def _live(
        self, options: dict[str, Any], task_vars: dict[str, Any], folder: Path | None
    ) -> tuple[dict[str, dict[str, Any]], dict[str, PathGuardError]]:
        answers: dict[str, dict[str, list[str]]] = {}

        def read(channel: Channel, access: HostAccess) -> dict[str, Any]:
            found = gather(channel, access.platform, folder, with_boot=options["boot"])
            if access.platform == "linux" and options["names"]:
                answers[access.name] = resolve(channel, options["names"])
            return _told(found, options["return_state"])

        result = self.on_hosts(options, task_vars, read, "read")
        if folder is not None and answers:
            names_file.write(folder, names_file.by_name(answers))
        return result

    def _saved(
        self, options: dict[str, Any], task_vars: dict[str, Any], folder: Path | None
    ) -> dict[str, dict[str, Any]]:
        if not options["files"] or options["transport"] not in ("auto", "files"):
            raise GatherError(
                "saved files are read by transport: files, with a list of 'files'",
                f"transport: {options['transport']}",
                "give both, or neither",
            )
        logins = self.logins({**options, "transport": "auto"}, task_vars)
        names = logins.names(options["hosts"])
        if len(names) > 1:
            raise GatherError("saved files are those of one host", "hosts", "use one task for each host")
        platform = logins.platform(names[0])
        outputs = read_files(platform_of(platform), options["files"], self._loader.path_dwim)
        return {names[0]: _told(keep(names[0], platform, outputs, folder), options["return_state"])}

    def _folder(self, named: str | None) -> Path | None:
        """Relative to the playbook's folder, not to wherever ansible-playbook was started."""
        return Path(self._loader.get_basedir(), expanded(named)) if named else None


def _told(gathered: Gathered, with_state: bool) -> dict[str, Any]:
    summary = gathered.summary()
    return {**summary, "state": gathered.state.to_dict()} if with_state else summary
