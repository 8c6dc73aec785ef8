# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.support.monitor_scene import MonitorScene


@pytest.fixture
def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MonitorScene:
    # A disk that is slow is not what is tested here.
    monkeypatch.setattr(os, "fsync", lambda _handle: None)
    return MonitorScene(tmp_path)
