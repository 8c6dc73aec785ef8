# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fixtures of all integration tests."""

from __future__ import annotations

from tests.integration.lab_fixture import fresh_lab, lab, ruled_lab

__all__ = ["fresh_lab", "lab", "ruled_lab"]
