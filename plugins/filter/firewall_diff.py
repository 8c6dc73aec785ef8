# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A filter about two states of one firewall."""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleFilterError

from ..plugin_utils.analyse.diffdata import MOST, firewall_difference, most_from
from ..plugin_utils.ansible_values import native, unsafe
from ..plugin_utils.errors import PathGuardError
from ..plugin_utils.gather.states import ruleset_from, state_from


def firewall_diff(
    before: Any, after: Any, ruleset: str | None = None, limit: int = MOST
) -> list[dict[str, Any]]:
    """See the filter's documentation, beside this file."""
    try:
        old = state_from(before)
        new = old if after is before else state_from(after)
        found: list[dict[str, Any]] = unsafe(
            firewall_difference(old, new, ruleset_from(ruleset), most_from(native(limit)))
        )
    except PathGuardError as error:
        raise AnsibleFilterError(str(error)) from None
    return found


class FilterModule:
    """The filters by name."""

    def filters(self) -> dict[str, Any]:
        return {"firewall_diff": firewall_diff}
