# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A run of the monitor, for all hosts at once: thin, the engine is plugin_utils/monitor."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from ansible_collections.pathguard.network.plugins.plugin_utils.ansible_values import native, unsafe
from ansible_collections.pathguard.network.plugins.plugin_utils.errors import MonitorError
from ansible_collections.pathguard.network.plugins.plugin_utils.gather import netmiko_channel  # noqa: F401  # pylint: disable=unused-import
from ansible_collections.pathguard.network.plugins.plugin_utils.gather.action import (
    HOST_OPTIONS,
    HostsAction,
    Progress,
)
from ansible_collections.pathguard.network.plugins.plugin_utils.home import expanded
from ansible_collections.pathguard.network.plugins.plugin_utils.monitor.condition import FACTS
from ansible_collections.pathguard.network.plugins.plugin_utils.monitor.place import folder_for
from ansible_collections.pathguard.network.plugins.plugin_utils.monitor.rounds import Damping
from ansible_collections.pathguard.network.plugins.plugin_utils.monitor.run import Monitor, Order, Outcome
from ansible_collections.pathguard.network.plugins.plugin_utils.monitor.site import MonitorSite
from ansible_collections.pathguard.network.plugins.plugin_utils.monitor.watch import Question
from ansible_collections.pathguard.network.plugins.plugin_utils.notify.mail import SECURITY, STARTTLS, mail
from ansible_collections.pathguard.network.plugins.plugin_utils.notify.outbox import Channel
from ansible_collections.pathguard.network.plugins.plugin_utils.notify.shapes import SHAPES
from ansible_collections.pathguard.network.plugins.plugin_utils.notify.webhook import webhook
from ansible_collections.pathguard.network.plugins.plugin_utils.policy.paths import Policy
from ansible_collections.pathguard.network.plugins.plugin_utils.policy.read import load_policy
from ansible_collections.pathguard.network.plugins.plugin_utils.render.words import counted

LOGIN_OPTIONS = {name: HOST_OPTIONS[name] for name in ("transport", "host_key_checking", "workers")}
# What a credential of an automation platform, or a unit's environment file, sets.
WEBHOOK_URL = "PATHGUARD_WEBHOOK_URL"
WEBHOOK_SHAPE = "PATHGUARD_WEBHOOK_SHAPE"
WEBHOOK_TOKEN = "PATHGUARD_WEBHOOK_TOKEN"  # noqa: S105 - a variable's name
MAIL_PASSWORD = "PATHGUARD_MAIL_PASSWORD"  # noqa: S105 - a variable's name
# Seconds that a run waits for a channel beyond its own time-outs, for connecting and for the answer.
GRACE = 1.0
# Hosts that an error names.
MOST_NAMED = 5
# What a policy is called that has neither a file nor a title.
INLINE = "policy"
# Numbers that make no sense below these.
LEAST: Mapping[str, float] = {
    "interval": 1,
    "lasting": 0,
    "confirm": 1,
    "pause": 0,
    "flaps": 0,
    "probe_timeout": 0.1,
    "per_minute": 1,
    "host_timeout": 1,
    "channel_timeout": 0.1,
}
# Notices that go through Ansible's variables.
MOST_NOTICES = 20


class ActionModule(HostsAction):
    ROLE = "path_monitor"
    PLAYBOOK = "monitor"
    SPEC: ClassVar[dict[str, dict[str, Any]]] = {
        "policy": {"type": "raw"},
        "name": {"type": "str", "default": "monitor"},
        "hops": {"type": "list", "elements": "str"},
        "only": {"type": "list", "elements": "str"},
        "interval": {"type": "float", "default": 30.0},
        "lasting": {"type": "float", "default": 0.0},
        "confirm": {"type": "int", "default": 2},
        "pause": {"type": "float", "default": 3.0},
        "flaps": {"type": "int", "default": 12},
        "probe": {"type": "bool", "default": True},
        "probe_timeout": {"type": "float", "default": 2.0},
        "per_minute": {"type": "int", "default": 60},
        "host_timeout": {"type": "float", "default": 15.0},
        "fail_on": {"type": "str", "default": "never", "choices": ["never", "violation"]},
        "webhooks": {
            "type": "list",
            "elements": "dict",
            "default": [],
            "options": {
                "url": {"type": "str", "required": True, "no_log": True},
                "shape": {"type": "str", "default": "generic", "choices": list(SHAPES)},
                "token": {"type": "str", "default": "", "no_log": True},
            },
        },
        "mail": {
            "type": "dict",
            "options": {
                "host": {"type": "str", "required": True},
                "port": {"type": "int", "default": 0},
                "security": {"type": "str", "default": STARTTLS, "choices": list(SECURITY)},
                "user": {"type": "str", "default": ""},
                "password": {"type": "str", "default": "", "no_log": True},
                "from": {"type": "str", "required": True},
                "to": {"type": "list", "elements": "str", "required": True},
            },
        },
        "channel_timeout": {"type": "float", "default": 5.0},
        "textfile": {"type": "str", "default": ""},
        "folder": {"type": "str"},
        "state_dir": {"type": "str", "default": ""},
        **LOGIN_OPTIONS,
    }

    def work(self, options: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        if not options["policy"]:
            raise MonitorError(
                "it is not said which policy is meant",
                "path_monitor_policy",
                "name a policy file, such as -e path_monitor_policy=policy.yml",
            )
        for name, least in LEAST.items():
            if options[name] < least:
                raise MonitorError(
                    f"{options[name]:g} is too small", f"path_monitor_{name}", f"give {least:g} or more"
                )
        if options["hops"] is not None and not options["hops"]:
            raise MonitorError(
                "path_monitor_hops matches no host of the inventory",
                "path_monitor_hops",
                "correct the host pattern, or leave it out: the routers are looked for then",
            )
        self._check_only(options, native(task_vars["groups"]).get("all", []))
        folder = Path(options["folder"] or self._loader.get_basedir())
        policy = load_policy(options["policy"], folder)
        site = self._site(options, task_vars, policy)
        order = self._order(options, task_vars, policy, folder)
        # Who kills ansible-playbook leaves this process behind, which nobody would miss.
        parent = os.getppid()
        found = Monitor(order, site, time, self.say, lambda: os.getppid() == parent).run()
        result: dict[str, Any] = unsafe(_result(found, order, options["fail_on"]))
        # Of a task that is ok Ansible shows no message; silence would look the same whether all is well or told before.
        if not result.get("failed"):
            self.say(f"PathGuard {order.name}: {result['msg']}")
        return result

    def _check_only(self, options: Mapping[str, Any], inventory: Sequence[str]) -> None:
        """Whoever names the hosts that have changed may call them otherwise than the inventory does."""
        unknown = sorted(set(options["only"] or ()) - set(inventory))
        if unknown and len(unknown) == len(set(options["only"])):
            raise MonitorError(
                f"none of these is a host of the inventory: {', '.join(unknown[:MOST_NAMED])}",
                "path_monitor_only",
                "name hosts as the inventory does, or leave it out: all hosts are looked at then",
            )
        if unknown:
            self.say(
                f"PathGuard: path_monitor_only names no host of the inventory by {', '.join(unknown[:MOST_NAMED])}"
            )

    def _site(self, options: dict[str, Any], task_vars: dict[str, Any], policy: Policy) -> MonitorSite:
        # The pool gives a host some seconds more; a command alone may take all of its time.
        login = {**options, "timeout": max(1, int(options["host_timeout"])), "platform": None}
        accesses = self.logins(login, task_vars).accesses
        return MonitorSite(
            accesses, options["workers"], Progress, options["host_timeout"], _asks_for_boot(policy)
        )

    def _order(
        self, options: dict[str, Any], task_vars: dict[str, Any], policy: Policy, folder: Path
    ) -> Order:
        groups = native(task_vars["groups"])
        question = Question(
            policy=policy,
            source=options["policy"] if _is_file(options["policy"], folder) else "",
            folder=folder,
            groups=groups,
            hosts=groups.get("all", []),
            hops=options["hops"],
            probe=options["probe"],
            probe_timeout=options["probe_timeout"],
            per_minute=options["per_minute"],
        )
        only = options["only"]
        return Order(
            question=question,
            name=options["name"],
            store=_store(options, policy, folder),
            interval=options["interval"],
            lasting=options["lasting"],
            only=only or None,
            damping=Damping(options["confirm"], options["pause"], options["flaps"]),
            channels=_channels(options),
            patience=2 * options["channel_timeout"] + GRACE,
            textfile=folder / expanded(options["textfile"]) if options["textfile"] else None,
        )


def _is_file(policy: Any, folder: Path) -> bool:
    return isinstance(policy, str) and "\n" not in policy and (folder / policy).is_file()


def _store(options: Mapping[str, Any], policy: Policy, folder: Path) -> Path:
    if options["state_dir"]:
        return folder / expanded(options["state_dir"])
    given = options["policy"] if _is_file(options["policy"], folder) else policy.title or INLINE
    return folder_for(folder, given, [path.name for path in policy.paths])


def _asks_for_boot(policy: Policy) -> bool:
    """Whether the policy speaks of what would be loaded at boot, which takes longer to read."""
    return any(path.persistent for path in policy.paths) or (
        policy.configuration and "boot" in str(policy.schema)
    )


def _channels(options: Mapping[str, Any]) -> list[Channel]:
    timeout = options["channel_timeout"]
    given = options["webhooks"]
    # Where there is one receiver, the token is its own; another's is not for one that is named without a token.
    receivers = {item["url"] for item in given} | {os.environ.get(WEBHOOK_URL, "")} - {""}
    token = os.environ.get(WEBHOOK_TOKEN, "") if len(given) <= 1 and len(receivers) <= 1 else ""
    where = "path_monitor_webhooks" if len(given) > 1 else "path_monitor_webhook_url"
    asked = [(item["url"], item["shape"], item["token"] or token) for item in given]
    if not asked and os.environ.get(WEBHOOK_URL):
        asked = [(os.environ[WEBHOOK_URL], os.environ.get(WEBHOOK_SHAPE) or "generic", token)]
        where = f"the environment variable {WEBHOOK_URL}"
    found: list[Channel] = [
        webhook(url, shape, timeout, index, token, where)
        for index, (url, shape, token) in enumerate(asked, 1)
    ]
    if options["mail"]:
        to = options["mail"]
        password = to["password"] or os.environ.get(MAIL_PASSWORD, "")
        found.append(
            mail(to["host"], to["from"], to["to"], to["security"], to["port"], to["user"], password, timeout)
        )
    return found


def _result(found: Outcome, order: Order, fail_on: str) -> dict[str, Any]:
    bad = [name for name, path in found.paths.items() if not path["good"]]
    stats = {
        "path_monitor_verdict": "busy" if found.busy else "not as wanted" if bad else "as wanted",
        "path_monitor_bad": bad,
        "path_monitor_notices": len(found.notices),
    }
    result: dict[str, Any] = {
        "changed": False,
        "busy": found.busy,
        "rounds": found.rounds,
        "paths": found.paths,
        "notices": found.notices[-MOST_NOTICES:],
        "delivered": found.delivered,
        "waiting": found.waiting,
        "troubles": found.troubles,
        "state_dir": str(order.store),
        "msg": _summary(found, bad, bool(order.channels)),
        "ansible_stats": {"data": stats, "per_host": False, "aggregate": False},
    }
    if found.failed:
        result.update(failed=True, msg=found.failed)
    elif fail_on == "violation" and bad:
        result.update(failed=True)
    return result


def _summary(found: Outcome, bad: list[str], anybody: bool) -> str:
    """``anybody``: whether a webhook or mail is set; without one, nothing delivered is no failure."""
    if found.busy:
        return "another monitor is at work with the same files, and looks at what there is"
    told = counted(len(found.notices), "notice")
    told += f", {found.delivered} delivered" if anybody else " (no webhook or mail is set)"
    if found.waiting:
        told += f", {sum(found.waiting.values())} waiting"
    # Facts about configurations are looked at beside the paths, and most policies have none.
    paths = [name for name in found.paths if name != FACTS]
    good = f"{sum(name not in bad for name in paths)} of {counted(len(paths), 'path')} as wanted"
    return f"{counted(found.rounds, 'round')}: {good}{'; not: ' + ', '.join(bad) if bad else ''}; {told}"
