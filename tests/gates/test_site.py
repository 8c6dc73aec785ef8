# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The documentation as a site: its sources, and in the long form the site itself, built, with every link followed."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from types import ModuleType
from urllib.parse import unquote

import pytest

from tests.gates.conftest import Tool


@pytest.fixture(scope="module")
def docsite(root: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("docsite", root / "docs" / "generator" / "docsite.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_page_has_a_place(docsite: ModuleType, root: Path, tmp_path: Path) -> None:
    docsite.write_sources(tmp_path, root)
    index = (tmp_path / "index.md").read_text(encoding="utf-8").splitlines()
    for path in [*root.glob("docs/*.md"), root / "README.md", root / "CONTRIBUTING.md"]:
        name = str(path.relative_to(root))
        assert index.count(name) == 1, name
        assert (tmp_path / name).is_file()
    assert (tmp_path / "conf.py").is_file()


def test_links_lead_to_pages_of_the_site(docsite: ModuleType, root: Path, tmp_path: Path) -> None:
    """Those to files that the site does not have are gone; those to pages of plugins lead to the reference."""
    docsite.write_sources(tmp_path, root)
    targets = set()
    for path in tmp_path.rglob("*.md"):
        for match in docsite.LINK.finditer(docsite.FENCE.sub("", path.read_text(encoding="utf-8"))):
            target = match["target"].partition("#")[0]
            if "://" in target or not target or match["image"]:
                continue
            found = (path.parent / target).resolve().relative_to(tmp_path.resolve())
            targets.add(str(found))
            assert (tmp_path / found).is_file() or found.parts[0] == docsite.REFERENCE, (
                f"{path.name}: {target}"
            )
    assert "reference/policy_validate_module.rst" in targets


def test_how_links_change(docsite: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    page = tmp_path / "docs" / "a.md"
    page.write_text(
        "[x](b.md#y) [m](plugins/pathguard.network.path_guard_role.md) [code](../lab/x.py) "
        "[all](plugins/README.md) [web](https://x.example/)\n```\n[in](code.md)\n```\n",
        encoding="utf-8",
    )
    assert docsite.page_text("docs/a.md", tmp_path, ["docs/a.md", "docs/b.md"]) == (
        "[x](b.md#y) [m](../reference/path_guard_role.rst) code (`lab/x.py`) "
        "[all](../reference/index.rst) [web](https://x.example/)\n```\n[in](code.md)\n```\n"
    )


class _Page(HTMLParser):
    """What a page refers to, what is fetched when it is opened, and its anchors."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: set[str] = set()
        self.fetched: set[str] = set()
        self.anchors: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        self.anchors |= {found[name] for name in ("id", "name") if name in found}
        if tag == "a" and "href" in found:
            self.links.add(found["href"])
        elif tag == "link" and found.get("rel") in ("stylesheet", "icon", "preload"):
            self.fetched.add(found["href"])
        elif "src" in found:
            self.fetched.add(found["src"])


def wrong_links(pages: dict[Path, _Page]) -> Iterator[str]:
    for path, page in pages.items():
        for link in page.links:
            target, _hash, anchor = unquote(link).partition("#")
            if "://" in target or target.startswith("mailto:"):
                continue
            other = (path.parent / target).resolve() if target else path
            if not other.exists():
                yield f"{path.name}: {link}"
            elif anchor and other in pages and anchor not in pages[other].anchors:
                yield f"{path.name}: {link} (no such anchor)"


@pytest.mark.long
def test_the_built_site(collection: Path, copied_tree: Path, tool: Tool, tmp_path: Path) -> None:
    target = (tmp_path / "site").resolve()
    tool(
        "docs/build", "--site", target, cwd=collection, ANSIBLE_COLLECTIONS_PATH=str(copied_tree)
    ).must_pass()
    pages = {path: _Page(path.read_text(encoding="utf-8")) for path in target.rglob("*.html")}
    assert {"index.html", "README.html"} <= {path.name for path in pages}
    assert (target / "reference" / "policy_validate_module.html") in pages
    wrong = sorted(wrong_links(pages))
    assert not wrong, "\n".join(["", *wrong])
    from_elsewhere = {link for page in pages.values() for link in page.fetched if "://" in link}
    assert not from_elsewhere
    assert not [path for path in pages if "ERROR: " in path.read_text(encoding="utf-8").split("<pre")[0]]
    sheets = "\n".join(path.read_text(encoding="utf-8") for path in target.rglob("*.css"))
    assert not re.findall(r"(?:@import|url\()\s*[\"']?https?:[^)\"']*", sheets)
