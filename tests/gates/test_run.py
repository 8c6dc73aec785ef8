# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""tests/run itself: what its arguments mean, from any folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.gates.conftest import Tool


def run_of(root: Path) -> str:
    return str(root / "tests" / "run")


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["units"], "no kind of tests named units"),
        (["ci", "-k", "prefixes"], "takes no arguments"),
        (["matrix", "2.99"], "name one of"),
        (["tool", "no-such-program"], "no program no-such-program"),
    ],
)
def test_what_it_does_not_understand(root: Path, tool: Tool, arguments: list[str], complaint: str) -> None:
    ended = tool(run_of(root), *arguments, cwd=root)
    assert ended.rc == 2
    assert complaint in ended.output


@pytest.mark.parametrize("folder", [".", "tests/unit", "/"])
def test_the_value_of_an_option_is_no_path(root: Path, tool: Tool, folder: str) -> None:
    """There is a folder named lab; with ``-k lab`` it is a word to look for, in unit tests only."""
    output = tool(run_of(root), "unit", "-k", "lab", "--collect-only", "-q", cwd=root / folder).output
    chosen = [line for line in output.splitlines() if "::" in line]
    assert chosen
    assert all(line.startswith("tests/unit/") for line in chosen)


def test_a_path_starts_from_here_or_from_the_root(root: Path, tool: Tool) -> None:
    from_root = tool(
        run_of(root), "unit", "tests/unit/model/test_flowset.py", "--collect-only", "-q", cwd=root
    )
    from_here = tool(
        run_of(root),
        "unit",
        "model/test_flowset.py",
        "--collect-only",
        "-q",
        cwd=root / "tests/unit",
    )
    chosen = [
        [line for line in ended.output.splitlines() if "::" in line] for ended in (from_root, from_here)
    ]
    assert len(chosen[0]) > 10
    assert chosen[0] == chosen[1]


def test_nothing_chosen_is_a_failure(root: Path, tool: Tool) -> None:
    ended = tool(run_of(root), "unit", "tests/unit/model", "-k", "nothing_is_named_like_this", cwd=root)
    assert ended.rc == 1
    assert "no test ran" in ended.output
    assert ended.output.rstrip().endswith("0 passed, 1 failed, 0 skipped")
