# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a redirect sends packets, against the kernel: the first address of the interface, of their family."""

from __future__ import annotations

from typing import Any

import pytest

from tests.kernel.ask import gathered, told
from tests.kernel.settings import needs_root
from tests.kernel.world import World

pytestmark = needs_root(1)
_RULES = """
table inet r {{
  chain nat {{ type nat hook prerouting priority dstnat; meta l4proto tcp redirect {to}; }}
  chain input {{ type filter hook input priority 0; policy drop;
    ip daddr 10.255.0.1 tcp dport {port} accept
    ip6 daddr fd00:ff::1 tcp dport {port} accept
    ip daddr {{ 10.255.0.77, 10.255.1.1 }} tcp sport 21000 accept
  }}
}}
"""


def flow(number: int, six: bool, link: str, sport: int) -> dict[str, Any]:
    """A SYN to somewhere behind the firewall."""
    source, target = ("fd00::5", "fd00:1::9") if six else ("10.0.0.5", "10.1.0.9")
    found: dict[str, Any] = {
        "src": source,
        "dst": target,
        "protocol": "tcp",
        "tcp_flags": 2,
        "dst_port": 5432,
    }
    return {**found, "src_port": sport, "in_interface": link, "id": number}


@pytest.mark.parametrize(("to", "port"), [("to :5433", 5433), ("", 5432)])
def test_the_first_address_of_the_interface(to: str, port: int) -> None:
    flows = [
        flow(1, False, "in0", 20000),
        flow(2, True, "in0", 20001),
        flow(3, False, "in1", 20002),
        flow(4, False, "in1", 21000),
        flow(5, False, "in0", 21000),
    ]
    with World() as world:
        world.fw.run("ip addr add 10.255.0.77/24 dev in0; ip addr add fd00:ff::77/64 dev in0 nodad")
        world.fw.run("nft -f -", stdin=_RULES.format(to=to, port=port))
        answers = told(gathered(world), flows)
        got = world.passed("input", flows)
    assert [answer.first for answer in answers] == got, answers
    assert got[0] is True
    assert got[2] is False
