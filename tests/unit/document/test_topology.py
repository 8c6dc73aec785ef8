# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Networks and columns of the drawing: from names and addresses alone."""

from __future__ import annotations

from ansible_collections.pathguard.network.plugins.plugin_utils.document.topology import drawn, topology
from ansible_collections.pathguard.network.plugins.plugin_utils.model.state import Interface
from tests.support.states import APPS, host, small_lab


def test_hosts_of_the_same_networks_share_a_column_and_routers_stand_alone() -> None:
    found = topology(small_lab())
    assert [wire.name for wire in found.wires] == ["10.10.1.0/24", "10.20.1.0/24", "10.99.0.0/24"]
    assert [(column.hosts, column.wires, column.router) for column in found.columns] == [
        (("fw1",), (0, 1, 2), True),
        (("fw2",), (0, 1, 2), True),
        (APPS, (0, 2), False),
        (("db1", "db2"), (1, 2), False),
    ]


def test_prefixes_of_both_families_on_the_same_interfaces_are_one_network() -> None:
    assert [wire.prefixes for wire in topology(small_lab(ipv6=True)).wires] == [
        ("10.10.1.0/24", "fd00:10:1::/64"),
        ("10.20.1.0/24", "fd00:20:1::/64"),
        ("10.99.0.0/24",),
    ]


def test_loopback_link_local_and_lone_addresses_are_no_networks() -> None:
    one = host("r1", {"eth0": ["10.0.0.1/24", "fe80::1/64"], "lo1": ["192.0.2.1/32"]}, {})
    assert [wire.name for wire in topology({"r1": one}).wires] == ["10.0.0.0/24"]


def test_a_dot_lies_on_each_network_that_a_host_is_in() -> None:
    seen = drawn(topology(small_lab()))
    assert seen is not None
    heights = [y for y, _name in seen.levels]
    assert heights == sorted(heights)
    assert [dots for _x, _router, _lines, _first, _last, dots in seen.heads] == [
        heights,
        heights,
        [heights[0], heights[2]],
        [heights[1], heights[2]],
    ]
    assert all(first < dots[0] for _x, _router, _lines, first, _last, dots in seen.heads)
    assert seen.heads[-1][0] < seen.width


def test_a_new_host_of_a_known_kind_moves_nothing() -> None:
    before = drawn(topology(small_lab(apps=(5, 14, 23))))
    after = drawn(topology(small_lab()))
    assert before is not None
    assert after is not None
    assert (before.levels, before.width) == (after.levels, after.width)


def test_what_nobody_could_look_at_is_not_drawn() -> None:
    routers = {
        f"r{number}": host(f"r{number}", {"eth0": [f"10.0.0.{number}/24"]}, {}, forwarding=True)
        for number in range(1, 120)
    }
    found = topology(routers)
    assert len(found.columns) == 119
    assert drawn(found) is None


def test_without_networks_there_is_no_drawing() -> None:
    state = host("r1", {}, {})
    state.interfaces["eth0"] = Interface("eth0", [])
    assert drawn(topology({"r1": state})) is None
