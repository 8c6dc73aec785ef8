# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an action makes of a fault that a user can cure."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.plugins.action import ActionBase

from ansible_collections.pathguard.network.plugins.plugin_utils.gather.action import HostsAction


def result_of(monkeypatch: pytest.MonkeyPatch, fault: Exception) -> dict[str, Any]:
    class Action(HostsAction):
        def work(self, _options: dict[str, Any], _task_vars: dict[str, Any]) -> dict[str, Any]:
            raise fault

    monkeypatch.setattr(ActionBase, "run", lambda *_more: {})
    monkeypatch.setattr(ActionBase, "validate_argument_spec", lambda *_more, **_named: (None, {}))
    return Action.run(object.__new__(Action), None, {})


def test_a_file_that_may_not_be_looked_at_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    found = result_of(monkeypatch, PermissionError(13, "Permission denied", "/srv/snapshots/fw1.json"))
    assert found["failed"]
    assert found["msg"].splitlines() == [
        "this may not be looked at",
        "where: /srv/snapshots/fw1.json",
        "what to do: mend its permissions, or name another",
    ]


def test_other_faults_are_faults(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(PermissionError):
        result_of(monkeypatch, PermissionError(1, "Operation not permitted"))
    with pytest.raises(KeyError):
        result_of(monkeypatch, KeyError("x"))
