# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host printed, as text."""

from __future__ import annotations

import json

from ansible_collections.pathguard.network.plugins.plugin_utils.gather.channel import decoded


def test_bytes_that_are_no_utf_8_leave_json_what_it_is() -> None:
    printed = '[{"ifname":"eth0","ifalias":"Büro"},{"ifname":"d'.encode() + b'\xe9\xff"}]'
    assert json.loads(decoded(printed)) == [
        {"ifname": "eth0", "ifalias": "Büro"},
        {"ifname": "d<E9><FF>"},
    ]


def test_different_bytes_stay_different() -> None:
    assert decoded(b"d\xe9") != decoded(b"d\xe8")
    assert decoded(b"cut \xc3") == "cut <C3>"
