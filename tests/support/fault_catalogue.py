# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The catalogue of faults, as the drill reads it."""

from __future__ import annotations

from lab.pathguard_lab.drill.catalogue import FOLDER, Fault, faults

__all__ = ["FOLDER", "Fault", "faults"]
