# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A filter about the rules of one firewall that nothing comes to."""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleFilterError

from ..plugin_utils.analyse.unreachable import unreachable
from ..plugin_utils.ansible_values import unsafe
from ..plugin_utils.errors import PathGuardError
from ..plugin_utils.gather.states import ruleset_from, state_from


def unreachable_rules(state: Any, ruleset: str | None = None) -> list[dict[str, Any]]:
    """See the filter's documentation, beside this file."""
    try:
        found: list[dict[str, Any]] = unsafe(unreachable(state_from(state), ruleset_from(ruleset)))
    except PathGuardError as error:
        raise AnsibleFilterError(str(error)) from None
    return found


class FilterModule:
    """The filters by name."""

    def filters(self) -> dict[str, Any]:
        return {"unreachable_rules": unreachable_rules}
