# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is not understood is told in words close to nft's own, not as JSON."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.parse.nft_operands import words_of


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ({"range": ["08:00", "18:00"]}, "08:00-18:00"),
        ({"range": [1, 9]}, "1-9"),
        ({"prefix": {"addr": "10.0.0.0", "len": 8}}, "10.0.0.0/8"),
        ({"set": ["Monday", {"range": [2, 3]}]}, "{ Monday, 2-3 }"),
        ({"meta": {"key": "hour"}}, "meta hour"),
    ],
)
def test_expressions_in_words(expression: dict[str, Any], said: str) -> None:
    assert words_of(expression) == said
