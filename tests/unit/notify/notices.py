# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Notices for the tests of channels."""

from __future__ import annotations

from typing import Any

HOSTILE = 'accept comment "<!channel> [x](http://evil) `rm` & {{ 7 * 7 }}"'


def notice(number: int = 1, **changes: Any) -> dict[str, Any]:
    found: dict[str, Any] = {
        "format": 1,
        "source": "pathguard",
        "id": f"0a1b2c3d-{number:06}",
        "at": "2026-11-23T09:30:05Z",
        "monitor": "monitor",
        "policy": "Shop",
        "event": "problem",
        "path": "app to primary",
        "kind": "required",
        "severity": "high",
        "owner": "netops",
        "ticket": "NET-1",
        "before": {"status": "open", "satisfied": "yes", "connections": "", "text": "open"},
        "now": {"status": "partial", "satisfied": "no", "connections": "", "text": "partial"},
        "share": "7 of 10 app hosts",
        "since": "2026-11-23T09:30:00Z",
        "last_good": "2026-11-23T09:29:30Z",
        "held": 0,
        "cut_off": ["10.10.1.66 -> 10.20.1.10, tcp 5432"],
        "hosts": ["app08"],
        "rules": [
            {
                "host": "fw1",
                "place": "fw1 inet/filter/forward rule 3 handle 18",
                "text": HOSTILE,
                "before": "ip saddr 10.10.1.0/24 accept",
                "note": "the rule was changed",
                "commands": ["nft replace rule inet filter forward handle 18 '...'"],
            }
        ],
        "connections": ["app08 (10.10.1.66) to 10.20.1.10 port 5432: timeout; as the rules say"],
        "reasons": [],
        "diagnose": "ansible-playbook pathguard.network.diagnose -e '{}'",
        "summary": "'app to primary' is partial (7 of 10 app hosts), it was open: app08",
    }
    return {**found, **changes}
