# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests of this folder share: a world for each file, a tally for each test, and the sum of these."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.kernel.tally import Tally, read
from tests.kernel.world import World

_PROPERTY = "compared with the kernel"


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with World() as found:
        yield found


@pytest.fixture
def tally(request: pytest.FixtureRequest) -> Iterator[Tally]:
    found = Tally()
    yield found
    # Unlike what is printed, this comes through pytest-xdist, and is shown when a test passes, too.
    request.node.user_properties.append((_PROPERTY, found.line()))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """A line for each test that counted, and their sum."""
    total = Tally()
    for reports in terminalreporter.stats.values():
        for report in reports:
            if getattr(report, "when", "") != "teardown":
                continue
            for name, line in report.user_properties:
                if name == _PROPERTY:
                    terminalreporter.write_line(f"{report.nodeid.rpartition('/')[2]}: {line}")
                    total.update(read(line))
    if total:
        terminalreporter.write_line(f"{_PROPERTY}: {total.line()}")
