# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every test session shares: the collection's import path, markers by folder, no silent skip.

The collection under test is this work tree, or the one installed below the folder that
``PATHGUARD_COLLECTIONS`` names (a folder that holds ``ansible_collections``).
"""

from __future__ import annotations

import atexit
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

# The one use of pytest-ansible. Once it is gone, `ansible.plugins.loader.init_plugin_loader([tree])`
# (ansible-core 2.15 and up) takes this call's place in `put_collection_on_path`.
from pytest_ansible.units import acf_inject

ROOT = Path(__file__).resolve().parent.parent
KINDS = ("unit", "integration", "kernel", "gates", "benchmarks")
# Seconds for one test, where the default of pyproject.toml is too short.
TIMEOUT_OF_FOLDER = {"integration": 600, "kernel": 600, "gates": 900, "benchmarks": 900}
MARKER_OF_FOLDER = {kind: kind for kind in KINDS} | {"benchmarks": "bench"}


def collection_tree() -> Path:
    """The folder above ``ansible_collections``: the one named by the environment, else a link to this tree."""
    named = os.environ.get("PATHGUARD_COLLECTIONS")
    if named:
        return Path(named).resolve()
    tree = Path(tempfile.mkdtemp(prefix="pathguard-collections-"))
    atexit.register(shutil.rmtree, tree, ignore_errors=True)
    namespace = tree / "ansible_collections" / "pathguard"
    namespace.mkdir(parents=True)
    (namespace / "network").symlink_to(ROOT, target_is_directory=True)
    return tree


def put_collection_on_path(tree: Path) -> None:
    """Make the collection importable here, and found by every Ansible command that a test starts."""
    os.environ["PATHGUARD_COLLECTIONS"] = str(tree)
    os.environ["ANSIBLE_COLLECTIONS_PATH"] = str(tree)
    paths = [str(tree), *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
    os.environ["PYTHONPATH"] = os.pathsep.join(dict.fromkeys(paths))
    sys.path.insert(0, str(tree))
    acf_inject(paths=[str(tree)])


# At import, not in a hook: a conftest.py further down may import the collection before hooks run.
put_collection_on_path(collection_tree())


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give each test the marker of the folder that it lies in."""
    for item in items:
        folder = item.path.relative_to(ROOT / "tests").parts[0]
        if folder in MARKER_OF_FOLDER:
            item.add_marker(MARKER_OF_FOLDER[folder])
        if folder in TIMEOUT_OF_FOLDER and not item.get_closest_marker("timeout"):
            item.add_marker(pytest.mark.timeout(TIMEOUT_OF_FOLDER[folder]))


def _skip_is_failure() -> bool:
    return os.environ.get("CI") == "true"


def _as_failure(report: pytest.TestReport | pytest.CollectReport) -> None:
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    report.outcome = "failed"
    report.longrepr = f"CI=true: a test that can't run is a failure ({reason})"


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport() -> Iterator[None]:
    """Under CI a skipped test fails; an expected failure (xfail) stays what it is."""
    report = yield
    if _skip_is_failure() and report.skipped and not hasattr(report, "wasxfail"):
        _as_failure(report)
    return report


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_make_collect_report() -> Iterator[None]:
    """Under CI a file that skips itself as a whole fails, too."""
    report = yield
    if _skip_is_failure() and report.skipped:
        _as_failure(report)
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Add this session's counts as a line ``passed failed skipped`` to the file of tests/run, if it asks."""
    counts_file = os.environ.get("PATHGUARD_COUNTS")
    if not counts_file or hasattr(terminalreporter.config, "workerinput"):
        return  # pytest-xdist's workers report to the session that counts
    count = {kind: len(reports) for kind, reports in terminalreporter.stats.items()}
    passed = count.get("passed", 0) + count.get("xfailed", 0)
    failed = count.get("failed", 0) + count.get("error", 0)
    with Path(counts_file).open("a", encoding="utf-8") as counts:
        counts.write(f"{passed} {failed} {count.get('skipped', 0)}\n")


@pytest.fixture(scope="session")
def root() -> Path:
    """The work tree."""
    return ROOT


@pytest.fixture(scope="session")
def collections_path() -> Path:
    """The folder above ``ansible_collections`` that this session tests."""
    return Path(os.environ["PATHGUARD_COLLECTIONS"])
