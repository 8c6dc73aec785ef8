# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which part of the collection may import which: the one-way flow as a table, and its check."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

PACKAGE = "ansible_collections.pathguard.network.plugins"

# Data flows gather -> parse -> model -> analyse -> policy -> render. Those that make a state
# and those that judge it meet in the model alone, so every import points towards the model.
# `checkpoint`, `guard`, `diagnose`, `audit` and `document` stand on top of all of them.
ENGINE = ("gather", "parse", "model", "analyse", "policy", "render")
MAY_IMPORT: dict[str, frozenset[str]] = {
    "errors": frozenset(),
    "home": frozenset({"errors"}),
    "ansible_values": frozenset({"errors"}),
    "model": frozenset({"errors"}),
    # Who owns which rules is one table, which the checkpoint's agent needs on the host.
    "parse": frozenset({"errors", "model", "module_utils"}),
    "gather": frozenset({"errors", "home", "ansible_values", "model", "parse"}),
    "analyse": frozenset({"errors", "model"}),
    "policy": frozenset({"errors", "home", "model", "analyse"}),
    "render": frozenset({"errors", "model", "analyse", "policy"}),
    "checkpoint": frozenset({"errors", "ansible_values", *ENGINE, "module_utils"}),
    "guard": frozenset({"errors", "ansible_values", *ENGINE, "checkpoint", "module_utils"}),
    "discover": frozenset({"errors", "ansible_values", *ENGINE, "module_utils"}),
    "diagnose": frozenset({"errors", "ansible_values", *ENGINE, "guard", "module_utils"}),
    "audit": frozenset({"errors", "home", "ansible_values", *ENGINE, "guard", "diagnose", "module_utils"}),
    "document": frozenset({"errors", "ansible_values", *ENGINE, "guard", "audit"}),
    # Knows nothing of networks: it brings a notice to somebody.
    "notify": frozenset({"errors", "render"}),
    "monitor": frozenset({"errors", "ansible_values", *ENGINE, "guard", "notify", "module_utils"}),
    "module_utils": frozenset(),
    "doc_fragments": frozenset(),
}
THIN = frozenset({"modules", "action", "filter", "test", "sub_plugins"})
THIN_MAY_IMPORT = frozenset({*MAY_IMPORT, "doc_fragments"})

# The engine can be used and tested without Ansible; only what talks to hosts may know it.
MAY_KNOW_ANSIBLE = frozenset(
    {
        "ansible_values",
        "gather",
        "checkpoint",
        "guard",
        "diagnose",
        "audit",
        "module_utils",
        "doc_fragments",
        *THIN,
    }
)
# `model` is plain data: it neither reads nor writes, and starts nothing.
IO_MODULES = frozenset(
    {
        "asyncio",
        "http",
        "multiprocessing",
        "os",
        "pathlib",
        "shutil",
        "socket",
        "ssl",
        "subprocess",
        "tempfile",
        "threading",
        "urllib",
        "paramiko",
        "netmiko",
        "requests",
    }
)


@dataclass(frozen=True)
class Import:
    """One import statement's target: a dotted module name, and the line it stands on."""

    name: str
    line: int


def part_of(path: PurePosixPath) -> str:
    """The part that a file below plugins/ belongs to: 'model', 'action', 'errors', ..."""
    parts = path.parts[1:]
    if parts[0] != "plugin_utils":
        return parts[0]
    return PurePosixPath(parts[1]).stem


def imports_of(source: str, path: PurePosixPath) -> Iterator[Import]:
    """All modules that a file imports, relative ones resolved, those inside functions and `if` too."""
    package = PACKAGE.split(".") + list(path.parts[1:-1])
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (Import(alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            stem = ".".join([*base, *filter(None, [node.module])])
            # `from package import name` may name a module: look at both.
            yield from (Import(f"{stem}.{alias.name}", node.lineno) for alias in node.names)


def part_imported(name: str) -> str | None:
    """The part of this collection that a dotted name lies in, None if it is somebody else's."""
    prefix = PACKAGE + "."
    if not name.startswith(prefix):
        return None
    parts = name[len(prefix) :].split(".")
    if parts[0] == "plugin_utils" and len(parts) > 1:
        return parts[1]
    return parts[0]


def breaches(source: str, path: PurePosixPath) -> list[str]:
    """Imports of one file (path relative to the collection's root) that run against the flow."""
    part = part_of(path)
    if part == "__init__":
        return [
            f"{path}:{found.line}: a package's own file imports nothing"
            for found in imports_of(source, path)
            if found.name != "__future__.annotations"
        ]
    allowed = THIN_MAY_IMPORT if part in THIN else MAY_IMPORT.get(part)
    if allowed is None:
        return [f"{path}: part '{part}' is not in the table of tests/unit/architecture/imports.py"]
    problems = []
    for found in imports_of(source, path):
        target = part_imported(found.name)
        top = found.name.split(".")[0]
        if target is not None and target != part and target not in allowed:
            problems.append(f"{path}:{found.line}: {part} imports {target}")
        elif target == part and part in THIN:
            problems.append(f"{path}:{found.line}: nothing imports from {part}")
        elif top == "ansible" and part not in MAY_KNOW_ANSIBLE:
            problems.append(f"{path}:{found.line}: {part} does not know Ansible")
        elif part == "model" and top in IO_MODULES:
            problems.append(f"{path}:{found.line}: model is plain data, no {top}")
        elif part == "module_utils" and top not in sys.stdlib_module_names | {
            "ansible",
            "ansible_collections",
        }:
            problems.append(f"{path}:{found.line}: {top} is not there on a managed host")
    return problems
