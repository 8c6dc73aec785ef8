# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.diagnose_scene import Ailing


@pytest.fixture
def ailing(tmp_path: Path) -> Ailing:
    return Ailing(tmp_path)
