# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lines of a configuration mode merged into a running configuration, by platform."""

from __future__ import annotations

from collections.abc import Callable

# Platform -> (running configuration, lines, what the lines are) -> the configuration with them.
MERGES: dict[str, Callable[[str, str, str], str]] = {}
