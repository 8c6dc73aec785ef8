# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the gates share: a copy of the tree at a real collection path, the artifact, a way to run a tool."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.tree import copy_tree

TIMEOUT = 900  # seconds; a cold `ansible-test sanity` installs a dozen packages

PART_SHOWN = 8000  # characters of the beginning and of the end of what a failed tool printed

# Gates look at the copy and the artifact; this session's import path must not lead them elsewhere, and
# the tests that a gate starts count as that one gate.
NOT_INHERITED = {"ANSIBLE_COLLECTIONS_PATH", "PATHGUARD_COLLECTIONS", "PATHGUARD_COUNTS", "PYTHONPATH"}


@dataclass(frozen=True)
class Outcome:
    """How a tool ended, and all that it printed."""

    command: str
    rc: int
    output: str

    def must_pass(self) -> str:
        """The output of a tool that ended well; otherwise the end of it, as the test's failure."""
        if self.rc != 0:
            command = textwrap.shorten(self.command, 120, placeholder=" ...")
            said = self.output
            if len(said) > 2 * PART_SHOWN:
                said = f"{said[:PART_SHOWN]}\n[...]\n{said[-PART_SHOWN:]}"
            pytest.fail(f"{command} ended with {self.rc}:\n{said}", pytrace=False)
        return self.output


Tool = Callable[..., Outcome]


def _run(bin_dir: Path, tool: str, *arguments: str | Path, cwd: Path, **environment: str) -> Outcome:
    own = bin_dir / tool
    command = [str(own) if own.exists() else tool, *map(str, arguments)]
    inherited = {name: value for name, value in os.environ.items() if name not in NOT_INHERITED}
    env = {
        **inherited,
        "PATH": f"{bin_dir}{os.pathsep}{os.environ['PATH']}",
        "NO_COLOR": "1",
        "ANSIBLE_NOCOLOR": "1",
        "COLUMNS": "160",
        **environment,
    }
    done = subprocess.run(
        command, cwd=cwd, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True, errors="replace", timeout=TIMEOUT, check=False,
    )  # fmt: skip
    return Outcome(" ".join([tool, *map(str, arguments)]), done.returncode, done.stdout)


@pytest.fixture(scope="session")
def tool() -> Tool:
    """Run a tool of this session's environment: ``tool("ruff", "check", cwd=folder)``."""
    bin_dir = Path(sys.executable).parent
    return lambda *words, **options: _run(bin_dir, *words, **options)


@pytest.fixture(scope="session")
def publishing_tool() -> Tool:
    """The same for the environment of galaxy-importer, whose pins do not go with ours."""
    named = os.environ.get("PATHGUARD_IMPORTER_BIN")
    if not named:
        pytest.skip("PATHGUARD_IMPORTER_BIN is not set: start the gates with ./tests/run gates")
    return lambda *words, **options: _run(Path(named), *words, **options)


@pytest.fixture(scope="session")
def copied_tree(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with ``ansible_collections/pathguard/network`` as real files, as ansible-test wants it."""
    tree = tmp_path_factory.mktemp("tree")
    copy_tree(root, tree / "ansible_collections" / "pathguard" / "network")
    return tree


@pytest.fixture(scope="session")
def collection(copied_tree: Path) -> Path:
    """The collection's root inside that copy."""
    return copied_tree / "ansible_collections" / "pathguard" / "network"


@pytest.fixture(scope="session")
def artifact(collection: Path, tool: Tool, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file that ``ansible-galaxy collection build`` makes."""
    folder = tmp_path_factory.mktemp("artifact")
    tool("ansible-galaxy", "collection", "build", "--output-path", folder, cwd=collection).must_pass()
    (built,) = folder.glob("pathguard-network-*.tar.gz")
    return built
