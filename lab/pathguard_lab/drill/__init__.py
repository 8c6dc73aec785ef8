# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Training: a fault of the catalogue in a lab, a terminal for the one who looks for it, and a diagnosis that finds it.

Unlike the rest of the lab's programs these run under the Python that has Ansible, because the catalogue is YAML."""
