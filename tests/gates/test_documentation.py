# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of plugins and roles, the changelog, and the pages that are made from them."""

from __future__ import annotations

from pathlib import Path

from tests.gates.conftest import Tool


def test_collection_docs(copied_tree: Path, collection: Path, tool: Tool) -> None:
    tool(
        "antsibull-docs", "lint-collection-docs", "--plugin-docs", "--validate-collection-refs=self", ".",
        cwd=collection, ANSIBLE_COLLECTIONS_PATH=str(copied_tree),
    ).must_pass()  # fmt: skip


def test_changelog_fragments(collection: Path, tool: Tool) -> None:
    assert list((collection / "changelogs" / "fragments").glob("*.y*ml")), "no changelog fragment"
    tool("antsibull-changelog", "lint", cwd=collection).must_pass()


def test_generated_pages_are_current(copied_tree: Path, collection: Path, tool: Tool) -> None:
    tool("docs/build", "--check", cwd=collection, ANSIBLE_COLLECTIONS_PATH=str(copied_tree)).must_pass()
