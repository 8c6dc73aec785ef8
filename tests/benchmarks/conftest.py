# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What measurements share: the peers' environment, big snapshots, and where their tables go.

A table is printed as it is ready. With ``--write-docs`` all of them become docs/benchmarks.md.
"""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.benchmarks.report import Table, document

Tell = Callable[[Table], None]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--write-docs", action="store_true", help="write docs/benchmarks.md from this run")


@pytest.fixture(scope="session")
def _tables(root: Path, request: pytest.FixtureRequest) -> Iterator[list[Table]]:
    found: list[Table] = []
    yield found
    if request.config.getoption("--write-docs"):
        if request.session.testsfailed:
            sys.stderr.write("docs/benchmarks.md stays as it is, because a measurement failed\n")
        else:
            (root / "docs" / "benchmarks.md").write_text(document(found), encoding="utf-8")


@pytest.fixture
def tell(_tables: list[Table], capsys: pytest.CaptureFixture[str]) -> Tell:
    """Print a table, and keep it for the page."""

    def told(table: Table) -> None:
        _tables.append(table)
        with capsys.disabled():
            print(f"\n{table.screen()}")

    return told


@pytest.fixture(scope="session")
def peers() -> Path:
    """The folder of the peers' programs; where they could not be installed, the comparison with them is left out."""
    folder = os.environ.get("PATHGUARD_PEERS_BIN", "")
    if not folder:
        pytest.skip(
            f"the peers are not installed for Python {platform.python_version()}: tests/run bench does it"
        )
    return Path(folder)
