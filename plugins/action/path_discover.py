# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is connected now, as a policy to edit."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, ClassVar

from ansible_collections.pathguard.network.plugins.plugin_utils.ansible_values import native, unsafe
from ansible_collections.pathguard.network.plugins.plugin_utils.discover.document import (
    evidence,
    policy_text,
)
from ansible_collections.pathguard.network.plugins.plugin_utils.discover.propose import propose
from ansible_collections.pathguard.network.plugins.plugin_utils.discover.usage import usage_of
from ansible_collections.pathguard.network.plugins.plugin_utils.errors import (
    GatherError,
    PathGuardError,
)

# netmiko takes long to import; named here, it is imported once, before Ansible forks for each host.
from ansible_collections.pathguard.network.plugins.plugin_utils.gather import (  # pylint: disable=unused-import
    netmiko_channel,  # noqa: F401
    private_file,
)
from ansible_collections.pathguard.network.plugins.plugin_utils.gather.access import HostAccess
from ansible_collections.pathguard.network.plugins.plugin_utils.gather.action import (
    HOST_OPTIONS,
    HostsAction,
    failure,
    texts,
)
from ansible_collections.pathguard.network.plugins.plugin_utils.gather.agents import run_agent
from ansible_collections.pathguard.network.plugins.plugin_utils.gather.channel import Channel
from ansible_collections.pathguard.network.plugins.plugin_utils.policy.read import load_policy

AGENT = "connections_agent"
# Seconds for starting Python and reading the tables, beyond the time of looking.
OVERHEAD = 30.0
_TODO = "name another file, or set force (of the playbook: discover_force) to write over it"


class ActionModule(HostsAction):
    BYPASS_HOST_LOOP = True
    PLAYBOOK = "discover"

    SPEC: ClassVar[dict[str, dict[str, Any]]] = {
        **HOST_OPTIONS,
        "seconds": {"type": "float", "default": 10.0},
        "file": {"type": "str"},
        "force": {"type": "bool", "default": False},
        "title": {"type": "str", "default": "What is connected"},
        "groups": {"type": "dict"},
    }

    def work(self, options: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        if options["seconds"] < 0:
            raise PathGuardError(f"{options['seconds']:g} s are no time", "seconds", "give 0 or more")
        target = self._target(options)
        logins = self.logins(options, task_vars)
        accesses = logins.accesses(options["hosts"])
        linux = [access.name for access in accesses if access.platform == "linux"]
        if not linux:
            raise GatherError(
                "none of the hosts is a Linux host, and only those tell what is connected",
                "hosts",
                "name the hosts of the application and of the database",
            )

        def look(channel: Channel, access: HostAccess) -> dict[str, Any]:
            return run_agent(
                channel,
                AGENT,
                {"seconds": options["seconds"]},
                python=access.python,
                become=access.become,
                timeout=options["seconds"] + OVERHEAD + options["timeout"],
            )

        seen, errors = self.on_hosts({**options, "hosts": linux}, task_vars, look, "looked at")
        if not seen:
            return {"changed": False, **unsafe(failure(errors, len(linux), "looked at"))}
        usage = usage_of(seen, _named_addresses(task_vars["hostvars"], native(task_vars["groups"])))
        groups = options["groups"] if options["groups"] is not None else native(task_vars["groups"])
        found = propose(usage, groups)
        skipped = sorted({access.name for access in accesses} - set(linux))
        unreadable = [
            {"host": host, **item} for host, answer in sorted(seen.items()) for item in answer["unreadable"]
        ]
        unreadable += [{"host": host, "what": "host", "reason": text} for host, text in texts(errors).items()]
        text = ""
        if found:
            text = policy_text(found, usage, options["title"], _about(options, seen, unreadable, skipped))
        written = bool(text) and target is not None and self._write(target, text)
        result: dict[str, Any] = {
            "changed": written,
            "proposed": [{**one.path(), "evidence": evidence(one, usage)} for one in found],
            "policy": load_policy(text).schema if text else {},
            "text": text,
            "file": str(target) if text and target is not None else None,
            "left_out": dict(sorted(usage.left_out.items())),
            "unreadable": unreadable,
            "skipped": skipped,
            "msg": _summary(len(found), options["seconds"], len(seen), target if text else None),
        }
        done: dict[str, Any] = unsafe(result)
        return done

    def _target(self, options: Mapping[str, Any]) -> Path | None:
        """The file to write, seen to be free and in a folder that is there, before anybody is asked anything."""
        if not options["file"]:
            return None
        target = Path(self._loader.path_dwim(options["file"]))
        if not target.parent.is_dir():
            raise PathGuardError(
                "there is no such folder", str(target.parent), "make it, or name another file"
            )
        if target.is_dir():
            raise PathGuardError("this is a folder", str(target), "name a file in it")
        if target.exists() and not options["force"]:
            raise PathGuardError("this file is there already, and may have been edited", str(target), _TODO)
        return target

    def _write(self, target: Path, text: str) -> bool:
        """Whether the file is, or in check mode would be, another one now."""
        try:
            if target.exists() and target.read_text(encoding="utf-8") == text:
                return False
            if not self._task.check_mode:
                private_file.write(target, [text])
        except (OSError, UnicodeDecodeError) as error:
            raise PathGuardError(
                f"the policy can't be written: {error}",
                str(target),
                "mend its folder's permissions, or make room",
            ) from None
        return True


def _named_addresses(hostvars: Any, groups: Mapping[str, Iterable[str]]) -> dict[str, str]:
    """The addresses that the inventory itself has of hosts, for those that were not looked at."""
    found: dict[str, str] = {}
    for host in dict.fromkeys(name for members in groups.values() for name in members):
        value = native(hostvars[host].get("ansible_host") if host in hostvars else None)
        try:
            found[str(ipaddress.ip_address(str(value)))] = host
        except ValueError:  # a name, or nothing
            continue
    return found


def _about(
    options: Mapping[str, Any],
    seen: Mapping[str, Any],
    unreadable: Iterable[Mapping[str, str]],
    skipped: Iterable[str],
) -> list[str]:
    lines = [
        f"Proposed from what was connected on {len(seen)} hosts within {options['seconds']:g} s: edit before use.",
        "A path that was not used in that time is not here, a standby's or a monthly job's for example.",
    ]
    lines += [f"Not seen: {item['what']} of {item['host']}: {item['reason']}" for item in unreadable]
    lines += [f"Not looked at, because it is no Linux host: {host}" for host in skipped]
    return lines


def _summary(paths: int, seconds: float, hosts: int, file: Path | None) -> str:
    if not paths:
        return (
            f"nothing was connected to another host on {hosts} hosts within {seconds:g} s: "
            "look at more hosts, or for longer"
        )
    where = f"; written to {file}" if file is not None else ""
    return f"{paths} required paths are proposed from what {hosts} hosts had connected within {seconds:g} s{where}"
