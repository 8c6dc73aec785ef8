# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filters about facts of Ansible's resource modules."""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleFilterError

from ..plugin_utils.ansible_values import native, unsafe
from ..plugin_utils.errors import PathGuardError
from ..plugin_utils.gather.platforms import platform_of
from ..plugin_utils.parse.resource_facts import state_from_facts


def from_resource_facts(facts: Any, platform: Any, host: Any = "device") -> dict[str, Any]:
    """See the filter's documentation, beside this file."""
    try:
        name = platform_of(str(native(platform))).name
        found: dict[str, Any] = unsafe(state_from_facts(name, str(native(host)), native(facts)).to_dict())
    except PathGuardError as error:
        raise AnsibleFilterError(str(error)) from None
    return found


class FilterModule:
    """The filters by name."""

    def filters(self) -> dict[str, Any]:
        return {"from_resource_facts": from_resource_facts}
