# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page that says what is known of Linux rules says what the kernel tests hold the analysis to."""

from __future__ import annotations

from tests.kernel.constructs_page import PAGE, page


def test_the_page_is_made_of_the_tables() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run `python -m tests.kernel.constructs_page`"
