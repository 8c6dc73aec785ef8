# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Network devices that speak real SSH: terminals, access lists that change, and timers that put them back.

What they prove is transport and going back. What a configuration means is tested on real configurations.
"""
