# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The zone-based policy firewall of Cisco IOS: zones, pairs, policies and classes."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.device_texts import state, verdict

Flow = dict[str, Any]
OUT: Flow = {
    "src": "10.1.0.5",
    "dst": "10.2.0.9",
    "protocol": "tcp",
    "src_port": 40000,
    "dst_port": 443,
    "in_interface": "Gi1",
    "out_interface": "Gi2",
}
NEW_BACK: Flow = {
    "src": "10.2.0.9",
    "dst": "10.1.0.5",
    "protocol": "tcp",
    "src_port": 443,
    "dst_port": 40000,
    "in_interface": "Gi2",
    "out_interface": "Gi1",
}
BACK: Flow = {**NEW_BACK, "connection": "established"}
UDP: Flow = {**OUT, "protocol": "udp", "dst_port": 53}
UDP_BACK: Flow = {**BACK, "protocol": "udp", "src_port": 53}

ZONES = """zone security inside
zone security outside
interface Gi1
 ip address 10.1.0.1 255.255.255.0
 zone-member security inside
interface Gi2
 ip address 10.2.0.1 255.255.255.0
 zone-member security outside
interface Gi3
 ip address 10.3.0.1 255.255.255.0
 zone-member security inside
interface Gi4
 ip address 10.4.0.1 255.255.255.0
"""
PAIR = "zone-pair security OUTWARD source inside destination outside\n service-policy type inspect P\n"
CLASS = "class-map type inspect match-any C\n match protocol tcp\n"


def policy(*lines: str, name: str = "P") -> str:
    return f"policy-map type inspect {name}\n" + "".join(f" {line}\n" for line in lines)


INSPECT = ZONES + CLASS + policy("class type inspect C", " inspect") + PAIR


class TestZones:
    @pytest.mark.parametrize(
        ("ways", "wanted"),
        [
            ({"in_interface": "Gi1", "out_interface": "Gi3"}, "permit"),
            ({"in_interface": "Gi1", "out_interface": "Gi1"}, "permit"),
            ({"in_interface": "Gi2", "out_interface": "Gi1"}, "deny"),
            ({"in_interface": "Gi1", "out_interface": "Gi4"}, "deny"),
            ({"in_interface": "Gi4", "out_interface": "Gi1"}, "deny"),
            ({"in_interface": "Gi4", "out_interface": "Gi4"}, "permit"),
            (
                {"in_zone": "inside", "out_zone": "outside", "in_interface": None, "out_interface": None},
                "permit",
            ),
            (
                {"in_zone": "outside", "out_zone": "inside", "in_interface": None, "out_interface": None},
                "deny",
            ),
        ],
    )
    def test_between_interfaces(self, ways: Flow, wanted: str) -> None:
        flow = {name: value for name, value in {**OUT, **ways}.items() if value is not None}
        assert verdict("cisco_ios", INSPECT, flow) == wanted

    def test_the_router_itself_is_as_without_zones(self) -> None:
        ping = {
            "src": "10.1.0.5",
            "dst": "10.1.0.1",
            "protocol": "icmp",
            "icmp_type": 8,
            "in_interface": "Gi1",
        }
        assert verdict("cisco_ios", INSPECT, ping) == "permit"
        own = {
            "src": "10.2.0.1",
            "dst": "10.2.0.9",
            "protocol": "udp",
            "dst_port": 514,
            "out_interface": "Gi2",
        }
        assert verdict("cisco_ios", INSPECT, own) == "permit"

    def test_the_default_zone_has_all_interfaces_without_one(self) -> None:
        text = INSPECT + "zone security default\n" + PAIR.replace("inside", "default").replace("OUTWARD", "D")
        assert verdict("cisco_ios", text, {**OUT, "in_interface": "Gi4"}) == "permit"
        assert verdict("cisco_ios", text, {**OUT, "in_interface": "Gi4", "out_interface": "Gi1"}) == "deny"

    def test_a_pair_of_a_zone_with_itself(self) -> None:
        text = INSPECT + PAIR.replace("outside", "inside").replace("OUTWARD", "WITHIN")
        within = {**OUT, "out_interface": "Gi3"}
        assert verdict("cisco_ios", text, within) == "permit"
        assert verdict("cisco_ios", text, {**within, "protocol": "udp"}) == "deny"

    def test_a_pair_without_a_policy_drops(self) -> None:
        text = ZONES + "zone-pair security OUTWARD source inside destination outside\n"
        assert verdict("cisco_ios", text, OUT) == "deny"

    def test_a_pair_with_a_policy_that_is_not_defined(self) -> None:
        assert verdict("cisco_ios", ZONES + PAIR, OUT) == "unknown"
        assert verdict("cisco_ios", ZONES + PAIR, NEW_BACK) == "deny"

    def test_a_policy_saved_without_its_interfaces_is_asked_by_zones(self) -> None:
        text = INSPECT.replace(" zone-member security inside\n", "").replace(
            " zone-member security outside\n", ""
        )
        flow = {"src": "10.1.0.5", "dst": "10.2.0.9", "protocol": "tcp", "dst_port": 443}
        assert verdict("cisco_ios", text, {**flow, "in_zone": "inside", "out_zone": "outside"}) == "permit"
        assert verdict("cisco_ios", text, {**flow, "in_zone": "outside", "out_zone": "inside"}) == "deny"


class TestActions:
    """inspect lets in what answers, pass does not, and drops are final."""

    def test_inspect(self) -> None:
        assert verdict("cisco_ios", INSPECT, OUT) == "permit"
        assert verdict("cisco_ios", INSPECT, BACK) == "permit"
        assert verdict("cisco_ios", INSPECT, NEW_BACK) == "deny"
        assert verdict("cisco_ios", INSPECT, UDP) == "deny"
        assert verdict("cisco_ios", INSPECT, UDP_BACK) == "deny"

    def test_pass_has_no_memory(self) -> None:
        text = ZONES + CLASS + policy("class type inspect C", " pass log") + PAIR
        assert verdict("cisco_ios", text, OUT) == "permit"
        assert verdict("cisco_ios", text, BACK) == "deny"
        back = policy("class type inspect C", " pass", name="Q") + PAIR.replace("OUTWARD", "INWARD").replace(
            " P", " Q"
        )
        back = back.replace("source inside destination outside", "source outside destination inside")
        assert verdict("cisco_ios", text + back, BACK) == "permit"

    def test_the_first_class_decides_about_answers_too(self) -> None:
        classes = CLASS + "class-map type inspect WEB\n match protocol https\n"
        text = (
            ZONES
            + classes
            + policy("class type inspect WEB", " pass", "class type inspect C", " inspect")
            + PAIR
        )
        assert verdict("cisco_ios", text, OUT) == "permit"
        assert verdict("cisco_ios", text, BACK) == "deny"
        assert verdict("cisco_ios", text, {**BACK, "src_port": 22}) == "permit"

    def test_drop_and_the_default_class(self) -> None:
        text = (
            ZONES + CLASS + policy("class type inspect C", " drop log", "class class-default", " pass") + PAIR
        )
        assert verdict("cisco_ios", text, OUT) == "deny"
        assert verdict("cisco_ios", text, UDP) == "permit"
        dropping = ZONES + CLASS + policy("class type inspect C", " inspect", "class class-default") + PAIR
        assert verdict("cisco_ios", dropping, UDP) == "deny"

    @pytest.mark.parametrize(
        "action", [" police rate 8000", " inspect\n  service-policy http DEEP", " nonsense", " description x"]
    )
    def test_other_actions_are_not_known(self, action: str) -> None:
        text = ZONES + CLASS + policy("class type inspect C", action) + PAIR
        assert verdict("cisco_ios", text, OUT) == "unknown"
        assert verdict("cisco_ios", text, UDP) == "deny"

    def test_pings_are_answered_through_inspection(self) -> None:
        text = INSPECT.replace("match protocol tcp", "match protocol icmp")
        ping = {**OUT, "protocol": "icmp", "icmp_type": 8}
        answer = {**BACK, "protocol": "icmp", "icmp_type": 0}
        for flow in (ping, answer):
            del flow["src_port"], flow["dst_port"]
        assert verdict("cisco_ios", text, ping) == "permit"
        assert verdict("cisco_ios", text, answer) == "permit"
        assert verdict("cisco_ios", text, {**answer, "connection": "new", "icmp_type": 8}) == "deny"

    def test_a_policy_without_indentation(self) -> None:
        flat = "\n".join(line.strip() for line in INSPECT.splitlines())
        flat = flat.replace("\ninspect\n", "\ninspect\nexit\nclass class-default\npass\nexit\nexit\n")
        assert verdict("cisco_ios", flat, OUT) == "permit"
        assert verdict("cisco_ios", flat, UDP) == "permit"
        assert verdict("cisco_ios", flat, BACK) == "permit"
        assert verdict("cisco_ios", flat, NEW_BACK) == "deny"


CLASSES: list[tuple[str, str, str]] = [
    ("match-any C\n match protocol tcp", "permit", "deny"),
    ("match-any C\n match protocol tcp\n match protocol udp", "permit", "permit"),
    ("match-all C\n match protocol tcp\n match protocol udp", "deny", "deny"),
    ("C\n match protocol tcp\n match access-group name WEB", "permit", "deny"),
    ("C\n match protocol tcp\n match access-group 101", "deny", "deny"),
    ("match-any C\n match access-group 101", "deny", "permit"),
    ("C\n match access-group name OTHER", "permit", "permit"),
    ("C\n match protocol https", "permit", "deny"),
    ("C\n match protocol dns", "deny", "permit"),
    ("C\n match not protocol udp", "permit", "deny"),
    ("C\n match class-map INNER", "permit", "deny"),
    ("C\n description x\n match protocol tcp", "permit", "deny"),
    # What is not known, and what else is.
    ("C\n match protocol skype", "unknown", "unknown"),
    ("C\n match protocol tcp\n match protocol skype", "unknown", "deny"),
    ("match-any C\n match protocol tcp\n match protocol skype", "permit", "unknown"),
    ("C\n match protocol ssh", "unknown", "unknown"),  # its ports are changed
    ("C\n match access-group name GONE", "unknown", "unknown"),
    ("C\n match class-map C", "unknown", "unknown"),
    ("C\n match class-map GONE", "unknown", "unknown"),
    ("C", "unknown", "unknown"),
    ("C\n match protocol tcp nonsense", "unknown", "unknown"),
    ("D\n match protocol tcp", "unknown", "unknown"),
]
LISTS = """ip port-map ssh port tcp 2222
class-map type inspect INNER
 match protocol tcp
ip access-list extended WEB
 permit tcp any any eq 443
ip access-list extended OTHER
 deny ip host 10.7.7.7 any
 permit ip any any
access-list 101 deny tcp any any
access-list 101 permit ip any any
"""


@pytest.mark.parametrize(("block", "tcp", "udp"), CLASSES)
def test_classes(block: str, tcp: str, udp: str) -> None:
    text = (
        ZONES + LISTS + f"class-map type inspect {block}\n" + policy("class type inspect C", " pass") + PAIR
    )
    assert verdict("cisco_ios", text, OUT) == tcp
    assert verdict("cisco_ios", text, UDP) == udp


TO_ROUTER: Flow = {
    "src": "10.2.0.9",
    "dst": "10.2.0.1",
    "protocol": "icmp",
    "icmp_type": 8,
    "in_interface": "Gi2",
}
OWN: Flow = {
    "src": "10.2.0.1",
    "dst": "10.2.0.9",
    "protocol": "udp",
    "dst_port": 514,
    "out_interface": "Gi2",
}


class TestSelf:
    """Pairs of the router itself."""

    def test_what_its_policy_drops_does_not_reach_it(self) -> None:
        pair = "zone-pair security IN source outside destination self\n service-policy type inspect P\n"
        text = ZONES + CLASS + policy("class type inspect C", " inspect") + pair
        assert verdict("cisco_ios", text, TO_ROUTER) == "deny"
        assert verdict("cisco_ios", text, {**TO_ROUTER, "in_interface": "Gi1"}) == "permit"
        login = {
            "src": "10.2.0.9",
            "dst": "10.2.0.1",
            "protocol": "tcp",
            "dst_port": 22,
            "in_interface": "Gi2",
        }
        assert verdict("cisco_ios", text, login) == "unknown"

    def test_what_its_policy_drops_does_not_leave_it(self) -> None:
        pair = "zone-pair security FROM source self destination outside\n service-policy type inspect P\n"
        text = ZONES + CLASS + policy("class type inspect C", " inspect") + pair
        assert verdict("cisco_ios", text, OWN) == "deny"
        assert verdict("cisco_ios", text, {**OWN, "protocol": "tcp"}) == "permit"


def test_lists_at_interfaces_count_beside_zones() -> None:
    text = INSPECT.replace("interface Gi2\n", "interface Gi2\n ip access-group NONE in\n") + (
        "ip access-list extended NONE\n deny ip any any\n"
    )
    assert verdict("cisco_ios", text, OUT) == "permit"
    assert verdict("cisco_ios", text, BACK) == "deny"


def test_a_zone_pair_that_is_not_whole_is_named() -> None:
    found = state("cisco_ios", ZONES + "zone-pair security X source inside\n")
    assert [one["text"] for one in found.not_understood] == ["zone-pair security X source inside"]
