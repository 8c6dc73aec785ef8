# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What our modules have in common as Ansible sees them."""

from __future__ import annotations


class ModuleDocFragment:
    # All of them: the module itself is documentation, the work is done by its action plugin.
    DOCUMENTATION = r"""
attributes:
  action:
    description: Runs on the controller, in an action plugin.
    support: full
"""

    # Those that change nothing anywhere.
    READ_ONLY = r"""
attributes:
  check_mode:
    description: Can run in check mode; it changes nothing.
    support: full
  diff_mode:
    description: Returns details on what has changed, or could be changed.
    support: none
"""

    # Those that run for each host of the play.
    EACH_HOST = r"""
attributes:
  bypass_host_loop:
    description: Runs once for all hosts of the play.
    support: none
"""

    # Those that run once, whatever the play's hosts.
    ONCE = r"""
attributes:
  bypass_host_loop:
    description: Runs once for all hosts of the play, or of the batch. Not possible with the free strategy.
    support: full
"""

    # Those that run once because the role that calls them says so.
    BY_ROLE = r"""
attributes:
  bypass_host_loop:
    description: Runs once for all hosts, by the C(run_once) that the role gives it.
    support: none
"""
