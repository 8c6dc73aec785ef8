# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filters about one firewall's state."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible.errors import AnsibleFilterError

from ..plugin_utils.analyse.verdicts import verdicts
from ..plugin_utils.ansible_values import native, unsafe
from ..plugin_utils.errors import PathGuardError
from ..plugin_utils.gather.states import ruleset_from, state_from


def flow_verdicts(state: Any, flows: Any, ruleset: str | None = None) -> list[dict[str, Any]]:
    """See the filter's documentation, beside this file."""
    listed = native(flows)
    if isinstance(listed, Mapping):
        listed = [listed]
    try:
        found: list[dict[str, Any]] = unsafe(verdicts(state_from(state), listed, ruleset_from(ruleset)))
    except PathGuardError as error:
        raise AnsibleFilterError(str(error)) from None
    return found


class FilterModule:
    """The filters by name."""

    def filters(self) -> dict[str, Any]:
        return {"flow_verdicts": flow_verdicts}
