# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every action that logs in to hosts does alike: options, logins, progress, errors."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, TypeVar

from ansible import constants as C
from ansible.errors import AnsibleConnectionFailure
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

from ..ansible_values import native, unsafe
from ..errors import PathGuardError, UnreachableError
from .access import HostAccess
from .channel import Channel
from .hosts import TRANSPORTS, HostLogins, Wanted
from .pool import on_hosts
from .role_names import overlooked, slips, strays, unknown
from .several import HostsError, several

T = TypeVar("T")

# The options by which every such action says which hosts and how. Times in seconds.
HOST_OPTIONS: dict[str, dict[str, Any]] = {
    "hosts": {"type": "list", "elements": "str"},
    "transport": {"type": "str", "default": "auto", "choices": list(TRANSPORTS)},
    "platform": {"type": "str"},
    "host_key_checking": {"type": "bool"},
    "timeout": {"type": "int", "default": 60},
    "workers": {"type": "int", "default": 10},
}

# Standard output of these callbacks is a document of their own.
MACHINE_READABLE = ("json", "jsonl", "junit", "null")

# Seconds between two lines of progress.
PROGRESS_EVERY = 10.0


class HostsAction(ActionBase):  # type: ignore[misc]
    """An action whose work is done on the controller. Subclasses give SPEC and ``work``."""

    # Nothing is to be logged in to before the action itself does it: that would be a second login.
    _requires_connection = False
    _supports_check_mode = True
    _supports_async = False

    SPEC: ClassVar[Mapping[str, Mapping[str, Any]]] = {}
    RULES: ClassVar[Mapping[str, Any]] = {}
    # Of an action that is all of a role: the role, and those of its steps that nothing has been begun before.
    ROLE: ClassVar[str] = ""
    # The playbook of this collection that has variables of its own beside.
    PLAYBOOK: ClassVar[str] = ""
    FIRST_STEPS: ClassVar[tuple[str, ...]] = ()

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result: dict[str, Any] = super().run(tmp, task_vars)
        _unused, options = self.validate_argument_spec(argument_spec=dict(self.SPEC), **self.RULES)
        try:
            self._check_names(options.get("step"), task_vars or {})
            result.update(self.work(native(options), task_vars or {}))
        except PathGuardError as error:
            result.update(unsafe(_failed(error)))
        except PermissionError as error:
            if not error.filename:
                raise
            forbidden = PathGuardError(
                "this may not be looked at", str(error.filename), "mend its permissions, or name another"
            )
            result.update(unsafe(_failed(forbidden)))
        return result

    def _check_names(self, step: str | None, task_vars: Mapping[str, Any]) -> None:
        """A later step must not be kept from its work, such as to restore, by the name of a variable."""
        if step is not None and step not in self.FIRST_STEPS:
            return
        missed = overlooked(self.PLAYBOOK, task_vars)
        if missed:
            Display().warning(missed)
        if not self.ROLE:
            return
        found = strays(self.ROLE, task_vars)
        error = slips(found, f"variables of the role {self.ROLE}")
        if error is not None:
            raise error
        warning = unknown(found, self.ROLE)
        if warning:
            Display().warning(warning)

    def work(self, options: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        """Do the task, and return what is new in its result."""
        raise PathGuardError(f"{type(self).__name__} does nothing")

    def say(self, text: str) -> None:
        """Tell people, where what they look at is a screen."""
        callback = str(C.config.get_config_value("DEFAULT_STDOUT_CALLBACK"))
        if callback.rpartition(".")[2] not in MACHINE_READABLE:
            Display().display(text)

    def logins(self, options: Mapping[str, Any], task_vars: Mapping[str, Any]) -> HostLogins:
        for name in ("timeout", "workers"):
            if options[name] < 1:
                raise PathGuardError(f"{options[name]} is too small", name, "give a number from 1 on")
        wanted = Wanted(
            options["transport"], options["platform"], options["host_key_checking"], float(options["timeout"])
        )
        return HostLogins(self, task_vars, wanted)

    def on_hosts(
        self,
        options: Mapping[str, Any],
        task_vars: Mapping[str, Any],
        function: Callable[[Channel, HostAccess], T],
        doing: str,
    ) -> tuple[dict[str, T], dict[str, PathGuardError]]:
        """Run a function on all hosts that the options name: what it gave, and what failed, by host.

        ``doing``: the verb for the progress, such as ``read``. If the task's own host is the only one, and
        there is no login to it, this raises what Ansible tells as UNREACHABLE.
        """
        logins = self.logins(options, task_vars)
        accesses = logins.accesses(options["hosts"])
        by_name = {access.name: access for access in accesses}
        results = on_hosts(
            accesses,
            lambda channel: function(channel, by_name[channel.host]),
            workers=options["workers"],
            progress=Progress(doing),
        )
        good = {name: result for name, result in results.items() if not isinstance(result, PathGuardError)}
        bad = {name: result for name, result in results.items() if isinstance(result, PathGuardError)}
        own = bad.get(logins.current)
        if isinstance(own, UnreachableError) and len(accesses) == 1:
            raise AnsibleConnectionFailure(str(own))
        return good, bad


def failure(errors: Mapping[str, PathGuardError], hosts: int, doing: str) -> dict[str, Any]:
    """The part of a result that tells which hosts failed; empty if none did."""
    if not errors:
        return {}
    return {**_failed(several(errors, hosts, doing)), "errors": texts(errors)}


def texts(errors: Mapping[str, PathGuardError]) -> dict[str, str]:
    return {name: str(error) for name, error in errors.items()}


def _failed(error: PathGuardError) -> dict[str, Any]:
    """A failed result; where the error is of several hosts, every host's own is in it."""
    found: dict[str, Any] = {"failed": True, "msg": str(error)}
    return {**found, "errors": texts(error.errors)} if isinstance(error, HostsError) else found


class Progress:
    """One line now and then, so that long work does not look dead and a job's log is not flooded."""

    def __init__(self, doing: str) -> None:
        self._doing = doing
        self._next = time.monotonic() + PROGRESS_EVERY

    def __call__(self, done: int, total: int) -> None:
        if time.monotonic() >= self._next and done < total:
            self._next = time.monotonic() + PROGRESS_EVERY
            Display().display(f"PathGuard: {done} of {total} hosts {self._doing}")
