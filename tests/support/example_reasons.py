# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why an example of the documentation is not executed, or not as a whole. Everything else is."""

from __future__ import annotations

# (page, something that stands in the example and in no other of that page, the reason).
NOT_EXECUTED: tuple[tuple[str, str, str], ...] = ()

# What stands in a task's text -> why that task is not run without hosts; its syntax is checked all the same.
# The long form of the test runs in the lab what says so here.
LAB = "in the lab"
TASKS: tuple[tuple[str, str], ...] = (
    ("ansible.utils.validate(", "needs the collection ansible.utils"),
    ("gather_network_resources", "needs devices"),
    ("routers", "needs devices"),
    ("20261122-154527-1214", "needs a run that was interrupted"),
    ("ansible_network_resources", "needs devices"),
    ("wan0", "needs a firewall with an outer interface"),
    ("systemctl", "needs systemd"),
    ("ansible.builtin.service", "needs systemd"),
    ("pathguard.network.path_probe", LAB),
    ("pathguard.network.path_discover", LAB),
    ("pathguard.network.firewall_checkpoint", LAB),
    ("pathguard.network.firewall_info", LAB),
    ("pathguard.network.path_audit", "tests/integration/test_audit.py runs it on all hosts"),
    ("import_role", LAB),
    ("include_role", LAB),
    ("dest: /", "writes where it is not asked to"),
)
# Programs that examples call, and no file of the collection is.
PROGRAMS = {
    "ansible-rulebook": "its own tests read the rulebooks",
    "export": "the shell's own; bash -n reads it",
    "cd": "the shell's own; bash -n reads it",
    "git": "needs a place that the collection is kept at",
    "ansible-galaxy": "tests/gates/test_artifact.py builds and installs the collection",
    "python3": "tests/run installs the requirements",
}
