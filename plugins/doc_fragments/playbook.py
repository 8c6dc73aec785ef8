# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of the steps that roles call, see plugin_utils/gather/action.py."""

from __future__ import annotations


class ModuleDocFragment:
    # Where files are looked for.
    DOCUMENTATION = r"""
options:
  folder:
    description: The folder that relative paths start from. By default the playbook's.
    type: str
"""
