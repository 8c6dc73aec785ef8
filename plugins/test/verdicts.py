# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests about one firewall's state: true only for what is certain."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible.errors import AnsibleFilterError

from ..plugin_utils.analyse.verdicts import verdicts
from ..plugin_utils.ansible_values import native
from ..plugin_utils.errors import PathGuardError
from ..plugin_utils.gather.states import ruleset_from, state_from


def _all(state: Any, flows: Any, ruleset: str | None, verdict: str) -> bool:
    listed = native(flows)
    if isinstance(listed, Mapping):
        listed = [listed]
    if not listed:
        raise AnsibleFilterError(
            "no flow was given\nwhat to do: name at least one; a test of nothing proves nothing"
        )
    try:
        return all(
            found["verdict"] == verdict
            for found in verdicts(state_from(state), listed, ruleset_from(ruleset))
        )
    except PathGuardError as error:
        raise AnsibleFilterError(str(error)) from None


def permits(state: Any, flows: Any, ruleset: str | None = None) -> bool:
    """True only if all of the flows are certainly permitted."""
    return _all(state, flows, ruleset, "permit")


def denies(state: Any, flows: Any, ruleset: str | None = None) -> bool:
    """True only if all of the flows are certainly denied."""
    return _all(state, flows, ruleset, "deny")


class TestModule:
    """The tests by name."""

    def tests(self) -> dict[str, Any]:
        return {"permits": permits, "denies": denies}
