# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ansible-lint with the production profile, over roles, playbooks, plugins and metadata."""

from __future__ import annotations

from pathlib import Path

from tests.gates.conftest import Tool


def test_ansible_lint_production(copied_tree: Path, collection: Path, tool: Tool) -> None:
    output = tool(
        "ansible-lint", "--offline", "--nocolor", "--strict", "--profile", "production", "--exclude", "changelogs/",
        cwd=collection, ANSIBLE_COLLECTIONS_PATH=str(copied_tree),
    ).must_pass()  # fmt: skip
    assert "0 failure(s), 0 warning(s)" in output
