# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The documentation as a site: the pages of this tree, and a reference that antsibull-docs makes, built by Sphinx.

Nothing is fetched, neither while it is built nor by who reads it. requirements/docs.txt has what it needs.
"""

from __future__ import annotations

import os
import posixpath
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
COLLECTION = "pathguard.network"
REFERENCE = "reference"
# Chapters of the site, with their pages in order. A page of docs/ that stands in none is in the last one.
CHAPTERS: Mapping[str, tuple[str, ...]] = {
    "Begin": ("README.md", "docs/discover.md", "docs/policies.md", "docs/coming-from.md"),
    "Changes": (
        "docs/guard.md",
        "docs/what-if.md",
        "docs/faults.md",
        "docs/checkpoint.md",
        "docs/checkpoint-devices.md",
    ),
    "Operation": (
        "docs/audit.md",
        "docs/history.md",
        "docs/monitor.md",
        "docs/document.md",
        "docs/awx.md",
        "docs/scaling.md",
        "docs/access.md",
    ),
    "When it is broken": (
        "docs/diagnose.md",
        "docs/incident-runbook.md",
        "docs/drill.md",
        "docs/failover.md",
        "docs/trace.md",
    ),
    "What it reads": (
        "docs/saved-configurations.md",
        "docs/linux-matches.md",
        "docs/cisco-ios.md",
        "docs/cisco-nxos-xr.md",
        "docs/cisco-asa.md",
        "docs/arista-eos.md",
        "docs/junos.md",
        "docs/panos-fortios.md",
        "docs/vyos.md",
        "docs/kernel.md",
        "docs/benchmarks.md",
    ),
    "Working on it": (
        "docs/design.md",
        "CONTRIBUTING.md",
        "docs/adding-a-platform.md",
        "lab/README.md",
        "docs/decisions/README.md",
    ),
    "More": (),
}
# Labels of Ansible's own documentation, which the reference points to; where they are is not fetched, but written here.
ANSIBLE = "https://docs.ansible.com/projects/ansible/latest"
LABELS = {
    "action_plugins": f"{ANSIBLE}/plugins/action.html",
    "common_return_values": f"{ANSIBLE}/reference_appendices/common_return_values.html",
    "ansible_configuration_settings": f"{ANSIBLE}/reference_appendices/config.html",
}
REF = re.compile(rf":ref:`(?:(?P<text>[^`<]+?)\s*<)?(?P<label>{'|'.join(LABELS)})>?`")
# The theme has a page's contents beside it, and takes a second one for a mistake.
CONTENTS = re.compile(r"^\.\. contents::\n(?: +:.*\n)+", re.MULTILINE)
LINK = re.compile(r"(?P<image>!?)\[(?P<text>(?:[^\[\]]|\[[^\]]*\])*)\]\((?P<target>[^)\s]+)\)")
FENCE = re.compile(r"^ *```.*?^ *```", re.MULTILINE | re.DOTALL)
OURS = re.compile(rf"(?:.*/)?docs/plugins/{re.escape(COLLECTION)}\.(?P<name>\w+)_(?P<kind>[a-z]+)\.md")


def pages(root: Path = ROOT) -> dict[str, list[str]]:
    """Chapter -> the pages of it that are there; every page of docs/ stands in one."""
    found = {
        chapter: [name for name in names if (root / name).is_file()] for chapter, names in CHAPTERS.items()
    }
    listed = {name for names in found.values() for name in names}
    found["More"] += [
        name for path in sorted((root / "docs").glob("*.md")) if (name := f"docs/{path.name}") not in listed
    ]
    return found


def all_pages(root: Path = ROOT) -> list[str]:
    """The pages of the chapters, and what these stand for: decisions, READMEs of roles."""
    listed = [name for names in pages(root).values() for name in names]
    below = [
        *root.glob("docs/decisions/[0-9]*.md"),
        *root.glob("roles/*/README.md"),
        *root.glob("extensions/**/README.md"),
    ]
    return listed + sorted(str(path.relative_to(root)) for path in below)


def page_text(name: str, root: Path, known: Iterable[str]) -> str:
    """A page with its links as they are within the site. Links to files that are no pages become their names."""
    known = set(known)

    def link(match: re.Match[str]) -> str:
        target, _hash, _anchor = match["target"].partition("#")
        if "://" in target or target.startswith("mailto:") or not target or match["image"]:
            return match[0]
        path = posixpath.normpath(posixpath.join(posixpath.dirname(name), target))
        if posixpath.basename(path) != posixpath.basename(target.rstrip("/")):
            return match[0]
        ours = OURS.fullmatch(path)
        if path == "docs/plugins/README.md":
            return f"[{match['text']}]({_to(name, f'{REFERENCE}/index.rst')})"
        if ours:
            page = f"{REFERENCE}/{ours['name']}_{ours['kind']}.rst"
            return f"[{match['text']}]({_to(name, page)})"
        if path in known:
            return match[0]
        text = match["text"]
        return text if path in text else f"{text} (`{path}`)"

    text = (root / name).read_text(encoding="utf-8")
    parts, last = [], 0
    for fence in FENCE.finditer(text):
        parts += [LINK.sub(link, text[last : fence.start()]), fence[0]]
        last = fence.end()
    return "".join([*parts, LINK.sub(link, text[last:])])


def _to(page: str, target: str) -> str:
    return posixpath.relpath(target, posixpath.dirname(page) or ".")


def index_text(chapters: Mapping[str, Iterable[str]]) -> str:
    """The first page: what it is, and the chapters."""
    lines = [
        "# PathGuard",
        "",
        "Network paths that an application needs, proven before and after a change.",
        "",
    ]
    for chapter, names in chapters.items():
        names = list(names)
        if names:
            lines += ["```{toctree}", f":caption: {chapter}", ":maxdepth: 1", "", *names, "```", ""]
    lines += ["```{toctree}", ":caption: Reference", ":maxdepth: 2", "", f"{REFERENCE}/index.rst", "```", ""]
    return "\n".join(lines)


def write_sources(folder: Path, root: Path = ROOT) -> None:
    """All of the site's sources but the reference."""
    chapters = pages(root)
    known = all_pages(root)
    beside = [name for name in known if not any(name in names for names in chapters.values())]
    for name in known:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        text = page_text(name, root, known)
        if name in beside:
            text = f"---\norphan: true\n---\n{text}"
        path.write_text(text, encoding="utf-8")
    (folder / "index.md").write_text(index_text(chapters), encoding="utf-8")
    shutil.copy(HERE / "conf.py", folder / "conf.py")


def write_reference(folder: Path, collections: Path) -> None:
    """What antsibull-docs makes of the plugins and roles."""
    target = folder / REFERENCE
    target.mkdir()
    command = [
        "antsibull-docs", "collection", "--use-current", "--squash-hierarchy", "--fail-on-error",
        "--no-add-antsibull-docs-version", "--dest-dir", str(target), COLLECTION,
    ]  # fmt: skip
    _run(command, ANSIBLE_COLLECTIONS_PATH=str(collections))
    for path in target.glob("*.rst"):
        text = CONTENTS.sub("", path.read_text(encoding="utf-8"))
        path.write_text(
            REF.sub(lambda found: f"`{found['text'] or 'there'} <{LABELS[found['label']]}>`__", text),
            encoding="utf-8",
        )


def build(target: Path, work: Path, collections: Path) -> None:
    """Build the site in ``target``; ``work``: an empty folder for its sources. A link to nowhere is an error."""
    source = work / "source"
    source.mkdir(parents=True)
    write_sources(source)
    write_reference(source, collections)
    _run(
        [
            "sphinx-build",
            "-W",
            "--keep-going",
            "-q",
            "-b",
            "html",
            "-d",
            str(work / "doctrees"),
            str(source),
            str(target),
        ]
    )


def _run(command: list[str], **environment: str) -> None:
    beside = Path(sys.executable).parent
    program = str(beside / command[0]) if (beside / command[0]).exists() else command[0]
    path = f"{beside}{os.pathsep}{os.environ.get('PATH', '')}"
    try:
        subprocess.run([program, *command[1:]], check=True, env=os.environ | {"PATH": path, **environment})
    except FileNotFoundError:
        sys.exit(f"docs/build --site: {command[0]} is not installed: pip install -r requirements/docs.txt")
    except subprocess.CalledProcessError as error:
        sys.exit(f"docs/build --site: {command[0]} ended with {error.returncode}")
