# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules about single files: each one a function from a file's text to what is wrong with it."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

MAX_LINES = 600
HEADER = (
    "# Copyright: (c) 2026, PathGuard developers",
    "# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)",
    "# SPDX-License-Identifier: GPL-3.0-or-later",
)
# Folders that exist on one machine only. Put together here, so that this file does not match itself.
MACHINE_PATHS = re.compile(
    "|".join([r"(?<![\w}])/" + r"(?:work|farm|root)/[.a-z]", "/tmp/" + "(?:pg|bash_)"])
)
UNFINISHED = re.compile(
    r"\b(?:TO" + r"DO|FIX" + r"ME|X" + r"XX|Not" + r"ImplementedError|not implemented yet)\b"
)
BROAD = frozenset({"Exception", "BaseException"})


def too_long(text: str) -> Iterator[str]:
    """A file holds one noun; beyond this many lines it holds two."""
    lines = text.count("\n")
    if lines > MAX_LINES:
        yield f"{lines} lines, more than {MAX_LINES}"


def no_header(text: str) -> Iterator[str]:
    """Copyright, licence and SPDX line open every Python file that is not empty, after a `#!` line at most."""
    lines = [line for line in text.splitlines()[:5] if not line.startswith(("#!", "# -*-"))]
    if text and tuple(lines[: len(HEADER)]) != HEADER:
        yield "1: does not start with the copyright, licence and SPDX lines"


def no_future_annotations(text: str) -> Iterator[str]:
    """Python 3.8 on a managed host reads `X | None` in an annotation only when it is not evaluated."""
    tree = ast.parse(text)
    code = [
        node
        for node in tree.body
        if not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))
    ]
    first = code[0] if code else None
    if first and not (isinstance(first, ast.ImportFrom) and first.module == "__future__"):
        yield f"{first.lineno}: does not begin with `from __future__ import annotations`"


def broad_except(text: str) -> Iterator[str]:
    """Catching everything hides a wrong verdict. A handler that raises again, and only that, may."""
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, ast.ExceptHandler):
            continue
        kinds = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type]
        broad = node.type is None or any(isinstance(kind, ast.Name) and kind.id in BROAD for kind in kinds)
        raises_again = isinstance(node.body[-1], ast.Raise) and node.body[-1].exc is None
        if broad and not raises_again:
            yield f"{node.lineno}: a broad except"


def machine_path(text: str) -> Iterator[str]:
    """A path of one machine has no place in the project."""
    for number, line in enumerate(text.splitlines(), 1):
        if MACHINE_PATHS.search(line):
            yield f"{number}: a path of one machine: {line.strip()[:80]}"


def unfinished(text: str) -> Iterator[str]:
    """Signs of work that is not finished."""
    for number, line in enumerate(text.splitlines(), 1):
        if UNFINISHED.search(line):
            yield f"{number}: a sign of unfinished work: {line.strip()[:80]}"


@dataclass(frozen=True)
class Rule:
    """One check, and which files (by a regular expression on the path from the root) it is for."""

    check: Callable[[str], Iterator[str]]
    paths: re.Pattern[str]


CODE = re.compile(
    r"^(plugins|lab|roles|playbooks|tests|docs|\.ci)/.*\.(py|sh|ya?ml|bash)$|^(lab|tests|docs|\.ci)/[^.]*$"
)
PYTHON = re.compile(r"\.py$")
RULES = (
    Rule(too_long, CODE),
    Rule(no_header, PYTHON),
    Rule(no_future_annotations, re.compile(r"^plugins/.*\.py$")),
    Rule(broad_except, re.compile(r"^(plugins|lab)/.*\.py$")),
    Rule(machine_path, re.compile(r"^(?!LICENSE$)")),
    Rule(unfinished, re.compile(r"^(plugins|roles|playbooks|lab|schemas)/")),
)


def problems(path: str, text: str) -> list[str]:
    """Everything that is wrong with one file, as `path:line: what`."""
    return [f"{path}:{found}" for rule in RULES if rule.paths.search(path) for found in rule.check(text)]
