# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The guard with --diff: the flows that a change gained and lost, and the rules that did it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration.guard_play import Guarded, on_fw1
from tests.integration.lab_fixture import Lab
from tests.integration.test_guard import BREAK


@pytest.fixture
def guarded(ruled_lab: Lab, tmp_path: Path) -> Guarded:
    return Guarded(ruled_lab, tmp_path)


def test_a_change_that_is_kept_shows_what_it_did(guarded: Guarded) -> None:
    change = on_fw1(
        "nft insert rule inet filter forward ip saddr 10.10.1.9 ip daddr 10.20.1.10 tcp dport 5432 drop"
    )
    done = guarded.run([change], "--diff")
    assert (done.code, done.decisions) == (0, ["confirmed"]), done.output
    assert "fw1, forward, new connections:" in done.output
    assert "- src 10.10.1.9 dst 10.20.1.10 protocol tcp dst_port 5432" in done.output
    assert "by added: inet/filter/forward" in done.output
    assert guarded.run([on_fw1("true")], "--diff").output.count("new connections:") == 0


def test_a_change_that_is_reverted_shows_what_it_would_have_done(guarded: Guarded) -> None:
    done = guarded.run([BREAK], "--diff")
    assert (done.code, done.decisions) == (2, ["reverted"]), done.output
    assert "fw1, forward, new connections:" in done.output
    assert "- src 10.10.1.64/26,10.10.1.128/25 dst" in done.output
    assert "by changed: inet/filter/forward" in done.output
    assert "new connections:" not in guarded.run([BREAK]).output
