# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host's variables as Ansible itself would see them: templated, in plain types.

The variables of the task's own host are templated with the task's; those of any other host with its own
inventory alone, by Ansible's ``hostvars``. Where the versions of ansible-core differ: an undefined variable
in another host's template raises from 2.19 on, and before is left as its text.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ansible.errors import AnsibleError

from ..ansible_values import native
from ..errors import GatherError

UNFINISHED = "{{"


class HostVariables:
    """One host's variables."""

    def __init__(self, name: str, raw: Mapping[str, Any], templar: Any | None) -> None:
        """``templar``: None where reading a variable templates it."""
        self.name = name
        self._raw = raw
        self._templar = templar

    def get(self, *names: str) -> Any:
        """The first of these variables that is set, else None. Raises GatherError where a template fails."""
        for name in names:
            if name in self._raw:
                value = self._value(name)
                if value is not None:
                    return value
        return None

    def set_of(self, names: Iterable[str]) -> dict[str, Any]:
        """Those of these variables that are set."""
        return {name: self._value(name) for name in names if name in self._raw}

    def _value(self, name: str) -> Any:
        try:
            raw = self._raw[name]
            value = native(raw if self._templar is None else self._templar.template(raw))
        except AnsibleError as error:
            raise self._error(name, str(error)) from None
        if self._templar is None and isinstance(value, str) and UNFINISHED in value:
            raise self._error(name, "a variable in it is not defined for this host")
        return value

    def _error(self, name: str, why: str) -> GatherError:
        return GatherError(
            f"the variable {name} can't be templated: {why}",
            self.name,
            "define what it refers to for this host in the inventory",
        )


class Inventory:
    """The hosts that a task can name."""

    def __init__(self, task: Any, templar: Any, task_vars: Mapping[str, Any]) -> None:
        self._task_vars = task_vars
        self._templar = templar
        self._hosts = task_vars["hostvars"]
        self.delegated = bool(task.delegate_to)
        self.current: str = native(task.delegate_to or task_vars["inventory_hostname"])

    def is_own(self, name: str) -> bool:
        """Whether the task's own variables are this host's."""
        return not self.delegated and name == self.current

    def variables(self, name: str) -> HostVariables:
        """Raises GatherError if the inventory has no such host."""
        if self.is_own(name):
            return HostVariables(name, self._task_vars, self._templar)
        if name not in self._hosts:
            raise GatherError(f"the inventory has no host {name!r}", "hosts", self._hint(name))
        return HostVariables(name, self._hosts[name], None)

    def _hint(self, name: str) -> str:
        if name in self._task_vars.get("groups", {}):
            return f"{name!r} is a group: write \"{{{{ groups['{name}'] }}}}\""
        return "check the spelling; 'ansible-inventory --graph' shows what there is"
