# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Texts in Markdown (CommonMark), which say there what they say here."""

from __future__ import annotations

import re

_MARKDOWN = re.compile(r"([\\`*_\[\]<>|~])")


def markdown(text: object) -> str:
    return _MARKDOWN.sub(r"\\\1", str(text))


def code(text: object) -> str:
    """A code span; its fence is longer than any run of backticks within (CommonMark 6.1), and no cell ends in it."""
    plain = str(text).replace("|", "\\|")
    longest = max((len(run) for run in re.findall(r"`+", plain)), default=0)
    fence = "`" * (longest + 1)
    return f"{fence} {plain} {fence}" if longest else f"`{plain}`"
