# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Cisco IOS router with one large access list: made from a seed, the same on every machine."""

from __future__ import annotations

import random
from typing import Any

LIST = "BORDER"
_SERVICES = ("www", "443", "22", "domain", "1521", "3306", "5432", "6379", "8080")
_ROUTER = """interface GigabitEthernet0/0
 ip address 10.255.0.1 255.255.255.0
 ip access-group BORDER in
interface GigabitEthernet0/1
 ip address 172.16.0.1 255.255.0.0
end
"""


def ios_configuration(entries: int, seed: int, questions: int) -> tuple[str, list[dict[str, Any]]]:
    """The text with so many entries, and questions about packets that come in where the list is bound: some about
    what an entry is for, some about whole networks."""
    pick = random.Random(seed)
    lines = ["Current configuration : 9999999 bytes", "!", f"ip access-list extended {LIST}"]
    sources: list[tuple[str, str]] = []
    for _each in range(entries):
        source = f"10.{pick.randrange(250)}.{pick.randrange(256)}.0"
        target = f"172.16.{pick.randrange(256)}.{pick.randrange(1, 255)}"
        lines.append(_entry(pick, source, target))
        sources.append((source, target))
    flows = []
    for at in range(questions):
        source, target = pick.choice(sources)
        flow = {
            "src": f"{source}/24" if at % 2 else "10.0.0.0/8",
            "dst": target,
            "protocol": "tcp",
            "dst_port": pick.choice((22, 443, 5432, "1024-2047")),
            "in_interface": "GigabitEthernet0/0",
            "out_interface": "GigabitEthernet0/1",
        }
        flows.append(flow)
    return "\n".join([*lines, _ROUTER]), flows


def _entry(pick: random.Random, source: str, target: str) -> str:
    action = "permit" if pick.random() < 0.9 else "deny"
    protocol = pick.choice(("tcp", "tcp", "tcp", "udp", "ip"))
    ports = ""
    if protocol == "udp":
        ports = f" eq {pick.randrange(1, 65536)}"
    elif protocol == "tcp":
        first = pick.randrange(1024, 60000)
        ports = pick.choice(
            (f" eq {pick.choice(_SERVICES)}", f" range {first} {first + 100}", f" eq {first} 443 22")
        )
    return (
        f" {action} {protocol} {source} 0.0.0.255 host {target}{ports}{' log' if pick.random() < 0.1 else ''}"
    )
