# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Links between the project's own pages lead somewhere."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from tests.support.tree import tracked_files

LINK = re.compile(r"\]\(([^)\s#]+)(?:#[^)]*)?\)")
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)


def broken_links(page: Path) -> Iterator[str]:
    """Relative links of a Markdown page, outside of code, whose target does not exist."""
    for target in LINK.findall(FENCE.sub("", page.read_text(encoding="utf-8"))):
        if "://" not in target and not target.startswith("mailto:") and not (page.parent / target).exists():
            yield f"{page.name}: {target}"


def test_links_of_the_pages_lead_somewhere(root: Path) -> None:
    pages = [root / name for name in tracked_files(root) if name.endswith(".md")]
    assert root / "README.md" in pages
    broken = [line for page in pages for line in broken_links(page)]
    assert not broken, "\n".join(["", *broken])


def test_a_broken_link_is_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "[here](page.md#top) [gone](nowhere.md)\n```\n[code](x.md)\n```\n[web](https://x.example/)\n"
    )
    assert list(broken_links(page)) == ["page.md: nowhere.md"]
