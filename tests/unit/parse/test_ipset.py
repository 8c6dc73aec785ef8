# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ipset save -> sets: types, families, time-outs, exceptions, and what can't be read in full."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Any

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.errors import ParseError
from ansible_collections.pathguard.network.plugins.plugin_utils.parse import ipset


@pytest.mark.parametrize(
    ("create", "members", "fields", "elements"),
    [
        (
            "hash:ip family inet hashsize 1024",
            ["10.0.0.1", "10.0.0.2"],
            ["address4"],
            [["10.0.0.1"], ["10.0.0.2"]],
        ),
        ("hash:ip family inet6", ["fd00::1"], ["address6"], [["fd00::1"]]),
        ("hash:ip family inet netmask 24", ["10.0.1.0"], ["address4"], [["10.0.1.0/24"]]),
        ("hash:net family inet", ["10.0.0.0/8", "192.0.2.1"], ["address4"], [["10.0.0.0/8"], ["192.0.2.1"]]),
        (
            "hash:ip,port family inet",
            ["10.0.0.1,tcp:80", "10.0.0.1,udp:53"],
            ["address4", "protocol", "port"],
            [["10.0.0.1", "6", "80"], ["10.0.0.1", "17", "53"]],
        ),
        (
            "hash:net,port family inet6",
            ["fd00::/64,tcp:443"],
            ["address6", "protocol", "port"],
            [["fd00::/64", "6", "443"]],
        ),
        (
            "hash:net,net family inet",
            ["10.0.0.0/8,192.168.0.0/16"],
            ["address4", "address4"],
            [["10.0.0.0/8", "192.168.0.0/16"]],
        ),
        ("hash:net,iface family inet", ["10.0.0.0/8,eth0"], ["address4", "name"], [["10.0.0.0/8", "eth0"]]),
        ("hash:ip,mark family inet", ["10.0.0.1,0x00000005"], ["address4", "mark"], [["10.0.0.1", "5"]]),
        ("bitmap:port range 0-1000", ["80", "443"], ["port"], [["80"], ["443"]]),
        ("bitmap:ip range 10.0.0.0-10.0.0.255", ["10.0.0.7"], ["address4"], [["10.0.0.7"]]),
    ],
)
def test_types(create: str, members: list[str], fields: list[str], elements: list[list[str]]) -> None:
    one = ipset.parse("\n".join([f"create x {create}", *(f"add x {member}" for member in members)]))["x"]
    assert one.named.to_dict() == {"fields": fields, "elements": elements, "dynamic": False, "complete": True}
    assert one.key == "ipset/x"


def test_members_that_time_out_are_told_from_those_that_stay() -> None:
    text = "create x hash:ip timeout 300\nadd x 10.0.0.1 timeout 12\nadd x 10.0.0.2 timeout 0\n"
    one = ipset.parse(text)["x"]
    assert one.named.elements[0] == ((0x0A000001, 0x0A000001),)
    assert one.named.expiring == [0]


def test_a_set_whose_members_may_time_out_is_told_from_one_whose_stay() -> None:
    found = ipset.parse("create x hash:ip timeout 300\ncreate y hash:ip timeout 0\ncreate z hash:ip\n")
    assert {name: one.named.timed for name, one in found.items()} == {"x": True, "y": True, "z": False}


def test_the_longest_prefix_decides_where_some_are_excluded() -> None:
    text = "create x hash:net\nadd x 10.0.0.0/8\nadd x 10.1.0.0/16 nomatch\nadd x 10.1.2.0/24\n"
    ranges = [part for (part,) in ipset.parse(text)["x"].named.elements]
    assert ranges == [(0x0A000000, 0x0A00FFFF), (0x0A010200, 0x0A0102FF), (0x0A020000, 0x0AFFFFFF)]


def test_the_longest_prefix_decides_whichever_interface_it_is_listed_with() -> None:
    members = (
        "10.0.0.0/8,eth0",
        "10.1.0.0/16,eth1",
        "10.1.0.0/16,eth2",
        "10.1.2.0/24,eth0",
        "10.2.0.0/16,eth3",
    )
    named = ipset.parse("create x hash:net,iface\n" + "".join(f"add x {one}\n" for one in members))["x"].named
    assert named.complete

    def links(address: str) -> set[Any]:
        value = int(ip_address(address))
        return {link for (low, high), link in named.elements if low <= value <= high}

    assert links("10.0.0.0") == links("10.3.0.0") == links("10.255.255.255") == {"eth0"}
    assert links("10.1.0.0") == links("10.1.1.255") == links("10.1.3.0") == {"eth1", "eth2"}
    assert links("10.1.2.0") == links("10.1.2.255") == {"eth0"}
    assert links("10.2.0.0") == {"eth3"}
    assert links("9.255.255.255") == links("11.0.0.0") == set()
    aging = ipset.parse(
        "create x hash:net,iface timeout 9\nadd x 10.0.0.0/8,a timeout 5\nadd x 10.1.0.0/16,b\n"
    )["x"]
    assert not aging.named.complete, "who decides is another when a prefix is gone"


@pytest.mark.parametrize(("member", "number"), [("icmp:echo-request", 1), ("icmp:8/0", 1), ("gre:0", 47)])
def test_a_member_of_a_protocol_without_ports_leaves_the_others_certain(member: str, number: int) -> None:
    text = f"create x hash:ip,port\nadd x 10.0.0.1,{member}\nadd x 10.0.0.1,tcp:80\n"
    named = ipset.parse(text)["x"].named
    one = (0x0A000001, 0x0A000001)
    assert named.complete
    assert named.elements == [(one, (number, number), (0, 65535)), (one, (6, 6), (80, 80))]
    assert named.expiring == [0], "which packets of this protocol fit is not known"


def test_comments_with_spaces_and_quotes_are_no_part_of_the_element() -> None:
    one = ipset.parse('create x hash:ip comment\nadd x 10.0.0.1 comment "timeout 5 nomatch"\n')["x"]
    assert (one.named.elements, one.named.expiring) == ([((0x0A000001, 0x0A000001),)], [])


@pytest.mark.parametrize(
    "text",
    [
        "create x hash:mac\nadd x 02:00:00:00:00:01\n",
        "create x hash:ip,port\nadd x 10.0.0.1,nonesuch:0\n",
        "create x hash:net,port\nadd x 10.0.0.0/8,tcp:80 nomatch\n",
        "create x hash:net,iface\nadd x 10.0.0.0/8,physdev:eth0\n",
        "create x hash:ip\nadd x not-an-address\n",
        "create x hash:ip bitmask 255.0.0.255\nadd x 10.0.0.1\n",
        "create x hash:something,new\nadd x 1,2\n",
        "create x tree:ip\n",
    ],
)
def test_what_a_flow_can_t_tell_leaves_the_set_incomplete(text: str) -> None:
    assert ipset.parse(text)["x"].named.complete is False


@pytest.mark.parametrize(
    "text",
    [
        "add gone 10.0.0.1\n",
        "create\n",
        "Operation not permitted\n",
        'create x hash:ip\nadd x 1 comment "open\n',
    ],
)
def test_what_ipset_does_not_print_is_an_error(text: str) -> None:
    with pytest.raises(ParseError):
        ipset.parse(text)


def test_no_sets_at_all() -> None:
    found: dict[str, Any] = ipset.parse("")
    assert found == {}
