# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Parts of configurations of Cisco ASA that tests have in common."""

from __future__ import annotations

OUTSIDE_AND_INSIDE = """\
interface GigabitEthernet0/0
 nameif outside
 security-level 0
 ip address 198.51.100.1 255.255.255.0
interface GigabitEthernet0/1
 nameif inside
 security-level 100
 ip address 10.0.0.1 255.255.255.0
"""
# Between the apps and the database.
APP_AND_DB = """\
interface GigabitEthernet0/0
 nameif app
 security-level 50
 ip address 10.10.1.1 255.255.255.0
interface GigabitEthernet0/1
 nameif db
 security-level 80
 ip address 10.20.1.1 255.255.255.0
"""
APP_AND_DB_ROUTES = """\
Gateway of last resort is not set

C        10.10.1.0 255.255.255.0 is directly connected, app
L        10.10.1.1 255.255.255.255 is directly connected, app
C        10.20.1.0 255.255.255.0 is directly connected, db
L        10.20.1.1 255.255.255.255 is directly connected, db
"""
