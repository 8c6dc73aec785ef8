# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""shellcheck over every shell script; ansible-test looks only at files named ``*.sh``."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.gates.conftest import Tool
from tests.support.tree import tracked_files

FIRST_LINES = ("#!/usr/bin/env bash", "#!/bin/bash", "#!/bin/sh", "#!/usr/bin/env sh", "# shellcheck shell=")


def scripts(root: Path) -> list[str]:
    """Shell scripts of the tree, told by their first line."""
    found = []
    for name in tracked_files(root):
        with (root / name).open("rb") as file:
            first = file.readline(80).decode("utf-8", "replace")
        if first.startswith(FIRST_LINES):
            found.append(name)
    return found


def test_shellcheck(root: Path, tool: Tool) -> None:
    if not shutil.which("shellcheck"):
        pytest.skip("shellcheck is not installed: start the gates with ./tests/run gates")
    names = scripts(root)
    assert {"tests/run", ".ci/run", "lab/lib/bootstrap.sh"} <= set(names)
    tool("shellcheck", "--external-sources", "--source-path=SCRIPTDIR", *names, cwd=root).must_pass()
