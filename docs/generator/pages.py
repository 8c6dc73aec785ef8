# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One Markdown page for each module, filter, test and role, from what ``ansible-doc`` says of them."""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import docsite
import jinja2
from antsibull_docs_parser import dom
from antsibull_docs_parser.parser import Context, parse

COLLECTION = "pathguard.network"
KINDS = ("module", "filter", "test", "role")
HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
PAGES = ROOT / "docs" / "plugins"


def collections_path(folder: Path) -> Path:
    """The folder above ``ansible_collections`` that leads to this tree: its own, or a link in `folder`."""
    if ROOT.parts[-3:] == ("ansible_collections", *COLLECTION.split(".")):
        return ROOT.parents[2]
    namespace, name = COLLECTION.split(".")
    (folder / "ansible_collections" / namespace).mkdir(parents=True)
    (folder / "ansible_collections" / namespace / name).symlink_to(ROOT, target_is_directory=True)
    return folder


def ansible_doc(collections: Path, *words: str) -> dict[str, Any]:
    """The JSON document that ansible-doc prints. Warnings go to stderr and are passed on."""
    command = [sys.executable, "-m", "ansible.cli.doc", "--json", *words]
    env = os.environ | {"ANSIBLE_COLLECTIONS_PATH": str(collections), "ANSIBLE_NOCOLOR": "1"}
    done = subprocess.run(command, env=env, check=True, stdout=subprocess.PIPE, text=True)
    found: dict[str, Any] = json.loads(done.stdout or "{}")
    return found


def as_list(value: object) -> list[Any]:
    """What Ansible lets people write as one thing or a list of them."""
    return list(value) if isinstance(value, list) else [] if value is None else [value]


def _code(text: str) -> str:
    return f"`{text}`"


def _with_value(part: Any) -> str:
    return _code(part.name if part.value is None else f"{part.name}={part.value}")


class Markup:
    """Ansible's documentation markup (``O(option)``, ``V(value)``, ``M(module)``) as plain Markdown."""

    def __init__(self, known: frozenset[str]) -> None:
        self.known = known
        self.as_markdown: dict[dom.PartType, Callable[[Any], str]] = {
            dom.PartType.TEXT: lambda part: part.text,
            dom.PartType.BOLD: lambda part: f"**{part.text}**",
            dom.PartType.ITALIC: lambda part: f"*{part.text}*",
            dom.PartType.CODE: lambda part: _code(part.text),
            dom.PartType.ENV_VARIABLE: lambda part: _code(part.name),
            dom.PartType.HORIZONTAL_LINE: lambda part: "\n\n---\n\n",
            dom.PartType.LINK: lambda part: f"[{part.text}]({part.url})",
            dom.PartType.URL: lambda part: f"<{part.url}>",
            dom.PartType.RST_REF: lambda part: part.text,
            dom.PartType.MODULE: lambda part: self._link(part.fqcn, "module"),
            dom.PartType.PLUGIN: lambda part: self._link(part.plugin.fqcn, part.plugin.type),
            dom.PartType.OPTION_NAME: _with_value,
            dom.PartType.OPTION_VALUE: lambda part: _code(part.value),
            dom.PartType.RETURN_VALUE: _with_value,
        }

    def _link(self, name: str, kind: str) -> str:
        """A link to one of our own pages; anything else is named only."""
        return f"[{name}]({name}_{kind}.md)" if f"{name}_{kind}" in self.known else _code(name)

    def __call__(self, text: object, where: tuple[str, str, str | None]) -> str:
        """``where``: the plugin's full name and kind, and a role's entry point."""
        name, kind, entry = where
        context = Context(current_plugin=dom.PluginIdentifier(fqcn=name, type=kind), role_entrypoint=entry)
        paragraphs = parse([str(part) for part in as_list(text)], context, errors="exception")
        return "\n\n".join(
            "".join(self.as_markdown[part.type](part) for part in parts) for parts in paragraphs
        )


def environment(markup: Markup) -> jinja2.Environment:
    """The templates, with the filters that they use."""
    env = jinja2.Environment(
        loader=jinja2.FileSystemLoader(HERE), undefined=jinja2.StrictUndefined, trim_blocks=True,
        lstrip_blocks=True, keep_trailing_newline=True, autoescape=False,  # noqa: S701 - Markdown, from our own tree
    )  # fmt: skip
    env.filters["markup"] = markup
    env.filters["as_list"] = as_list
    env.filters["quoted"] = _code
    env.filters["json"] = json.dumps
    return env


def documented(collections: Path) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """(kind, full name, ansible-doc's document) of everything in the collection."""
    for kind in KINDS:
        names = sorted(ansible_doc(collections, "--list", "-t", kind, COLLECTION))
        documents = ansible_doc(collections, "-t", kind, *names) if names else {}
        for name in names:
            found = documents.get(name)
            if not found:
                sys.exit(f"docs/build: ansible-doc has nothing about the {kind} {name}: is it documented?")
            if kind == "role":  # ansible-doc sorts by name; `main` is what people look for
                entries = sorted(
                    found["entry_points"].items(), key=lambda entry: (entry[0] != "main", entry[0])
                )
                found["entry_points"] = dict(entries)
            yield kind, name, found


def pages(collections: Path) -> dict[str, str]:
    """File name -> text of every page, the index among them."""
    found = list(documented(collections))
    env = environment(Markup(frozenset(f"{name}_{kind}" for kind, name, _document in found)))
    made = {
        f"{name}_{kind}.md": env.get_template("role.md.j2" if kind == "role" else "plugin.md.j2").render(
            kind=kind, name=name, document=document
        )
        for kind, name, document in found
    }
    made["README.md"] = env.get_template("index.md.j2").render(found=found, kinds=KINDS)
    return {file_name: tidy(text) for file_name, text in made.items()}


def tidy(text: str) -> str:
    """No trailing blanks, one empty line at most between two others, one newline at the end."""
    lines = "\n".join(line.rstrip() for line in text.splitlines())
    return re.sub(r"\n{3,}", "\n\n", lines).strip() + "\n"


def differences(made: dict[str, str], folder: Path) -> list[str]:
    """What is wrong with the pages in a folder: missing, stale, or of something that is gone."""
    there = {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.md")}
    missing = [f"{name}: missing" for name in made.keys() - there.keys()]
    gone = [f"{name}: of something that is gone" for name in there.keys() - made.keys()]
    stale = [f"{name}: stale" for name in made.keys() & there.keys() if made[name] != there[name]]
    return sorted(missing + gone + stale)


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument(
        "--check", action="store_true", help="write nothing; fail when a page is not current"
    )
    arguments.add_argument(
        "--site", type=Path, metavar="DIR", help="build the documentation as a site in DIR, and nothing else"
    )
    chosen = arguments.parse_args()
    with tempfile.TemporaryDirectory(prefix="pathguard-docs-") as folder:
        collections = collections_path(Path(folder))
        if chosen.site is not None:
            docsite.build(chosen.site.resolve(), Path(folder) / "site", collections)
            print(f"{chosen.site}/index.html")
            return 0
        made = pages(collections)
    found = differences(made, PAGES)
    if chosen.check:
        print(
            "\n".join(
                [*found, "run docs/build and commit docs/plugins"] if found else ["docs/plugins is current"]
            )
        )
        return 1 if found else 0
    PAGES.mkdir(parents=True, exist_ok=True)
    for stale in PAGES.glob("*.md"):
        if stale.name not in made:
            stale.unlink()
    for name, text in made.items():
        (PAGES / name).write_text(text, encoding="utf-8")
    print(f"docs/plugins: {len(made)} pages, {len(found)} changed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
