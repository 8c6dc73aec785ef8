# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What filters and tests are given: anything that a template can hold."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.errors import FlowError, StateError
from ansible_collections.pathguard.network.plugins.plugin_utils.gather.states import ruleset_from, state_from
from tests.support.states import small_lab


@pytest.mark.parametrize("value", [["inet/filter/forward"], {"a": 1}, 5, True])
def test_a_ruleset_that_is_no_name(value: Any) -> None:
    with pytest.raises(FlowError, match="ruleset is a name, and this is "):
        ruleset_from(value)


def test_a_name_or_none() -> None:
    assert (ruleset_from("forward"), ruleset_from(None)) == ("forward", None)


@pytest.mark.parametrize("value", [5, None, ["fw1"], "/nowhere/fw1.json"])
def test_a_state_that_is_none(value: Any) -> None:
    with pytest.raises(StateError):
        state_from(value)


def test_a_states_document() -> None:
    state = small_lab()["fw1"]
    assert state_from(state.to_dict()) == state
