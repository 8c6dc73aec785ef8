# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Work that may take longer than anybody waits for is given up between two of its parts."""

from __future__ import annotations


class TooLateError(Exception):
    """There is no time for the rest."""
