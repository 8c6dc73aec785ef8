# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ruff and mypy: style, likely bugs and types of our own Python."""

from __future__ import annotations

from pathlib import Path

from tests.gates.conftest import Tool
from tests.support.tree import tracked_files


def python_files(root: Path) -> list[str]:
    """Files that ruff looks at; named one by one, so that what git ignores stays out."""
    return [name for name in tracked_files(root) if name.endswith(".py")]


def test_ruff_check(root: Path, tool: Tool) -> None:
    tool(
        "ruff", "check", "--no-cache", "--output-format", "concise", *python_files(root), cwd=root
    ).must_pass()


def test_ruff_format(root: Path, tool: Tool) -> None:
    tool(
        "ruff", "format", "--no-cache", "--check", "--output-format", "concise", *python_files(root), cwd=root
    ).must_pass()


def test_mypy_strict(copied_tree: Path, collection: Path, tool: Tool) -> None:
    output = tool(
        "mypy",
        "--config-file", collection / "pyproject.toml",
        "--cache-dir", copied_tree / "mypy_cache",
        "-p", "ansible_collections.pathguard.network.plugins.plugin_utils",
        cwd=copied_tree,
    ).must_pass()  # fmt: skip
    assert "no issues found" in output
