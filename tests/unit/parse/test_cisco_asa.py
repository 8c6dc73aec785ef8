# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Access lists and objects of Cisco ASA: a configuration, a question, and the only right answer."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.analyse.verdicts import Questions
from tests.support.device_texts import state, verdict

ASA = "cisco_asa"
OBJECTS = """
name 10.9.0.5 db1 description the database
name 10.9.0.0 db-net
object network app1
 host 10.0.0.5
object network apps
 subnet 10.0.0.0 255.255.255.0
 description all of them
object network pool
 range 10.0.0.4 10.0.0.6
object network six
 subnet 2001:db8:80::/64
object network elsewhere
 fqdn v4 db.example.com
object-group network INNER
 network-object object app1
object-group network NESTED
 group-object INNER
 network-object 10.7.0.0 255.255.0.0
object-group network EMPTY
object-group network ITSELF
 network-object host 10.0.0.6
 group-object ITSELF
object-group network BROKEN
 network-object host 10.0.0.6
 group-object GONE
object-group network NAMES
 network-object object elsewhere
 network-object host 10.0.0.6
object-group network HOLES
 network-object 10.0.0.5 255.0.0.255
object service pg
 service tcp destination eq 5432
object service from-pg
 service tcp source eq 5432
object service both
 service tcp-udp destination eq domain
object service ping
 service icmp echo 0
object-group service WEB tcp
 port-object eq www
 port-object range 440 443
object-group service MOREWEB tcp
 group-object WEB
 port-object eq 8443
object-group service DNS tcp-udp
 port-object eq domain
object-group service MIXED
 service-object object pg
 service-object udp destination eq syslog
 service-object tcp source gt 1023 destination eq https
 service-object icmp echo
 service-object gre
 group-object INNERSVC
object-group service INNERSVC
 service-object tcp destination range 9000 9010
object-group protocol TUNNELS
 protocol-object gre
 protocol-object 50
object-group protocol TCPUDP
 protocol-object udp
 protocol-object tcp
object network hollow
 description no value
object-group icmp-type PINGS
 icmp-object echo
 icmp-object 0
object-group user PEOPLE
 user LOCAL\\admin
"""


def _tcp(src: str = "10.0.0.5", dst: str = "10.9.0.5", port: int = 443, **more: Any) -> dict[str, Any]:
    return {"src": src, "dst": dst, "protocol": "tcp", "dst_port": port, **more}


def _udp(port: int) -> dict[str, Any]:
    return {**_tcp(port=port), "protocol": "udp"}


def _other(protocol: int, **more: Any) -> dict[str, Any]:
    return {"src": "10.0.0.5", "dst": "10.9.0.5", "protocol": protocol, **more}


PING = _other(1, icmp_type=8, icmp_code=0)
V6 = {"src": "2001:db8::1", "dst": "2001:db8:80::9", "protocol": "tcp", "dst_port": 80}
PING6 = {"src": "2001:db8::1", "dst": "2001:db8:80::9", "protocol": 58, "icmp_type": 128}
ENTRIES: list[tuple[str, dict[str, Any], str]] = [
    ("permit ip any any", _tcp(), "permit"),
    ("permit ip any any", V6, "permit"),
    ("permit ip any4 any4", V6, "deny"),
    ("permit ip any6 any6", V6, "permit"),
    ("permit ip any6 any6", _tcp(), "deny"),
    ("permit ip host 10.0.0.5 host 10.9.0.5", _tcp(), "permit"),
    ("permit ip 10.0.0.0 255.255.255.0 any", _tcp(), "permit"),
    ("permit ip 10.0.0.0 255.255.255.252 any", _tcp(), "deny"),
    # A mask with holes: its ones are what counts.
    ("permit ip 10.0.0.5 255.0.0.255 any", _tcp("10.44.3.5"), "permit"),
    ("permit ip 10.0.0.5 255.0.0.255 any", _tcp("10.44.3.6"), "deny"),
    ("permit tcp any 2001:db8:80::/64 eq www", V6, "permit"),
    ("permit tcp any host 2001:db8:80::9 eq www", V6, "permit"),
    ("permit tcp any object six eq 81", V6, "deny"),
    # Names stand for addresses, of hosts and networks.
    ("permit tcp any host db1 eq 443", _tcp(), "permit"),
    ("permit tcp any db-net 255.255.255.0", _tcp(), "permit"),
    ("permit tcp any db-net 255.255.255.0", _tcp(dst="10.9.1.5"), "deny"),
    ("permit tcp any any eq https", _tcp(), "permit"),
    ("permit tcp any any neq https", _tcp(), "deny"),
    ("permit tcp any any lt 444", _tcp(), "permit"),
    ("permit tcp any any lt https", _tcp(), "deny"),
    ("permit tcp any any gt 442", _tcp(), "permit"),
    ("permit tcp any any gt 65535", _tcp(port=65535), "deny"),
    ("permit tcp any any lt 0", _tcp(port=0), "deny"),
    ("permit tcp any any range 440 https", _tcp(), "permit"),
    ("permit tcp any eq 5432 any", _tcp(src_port=5432), "permit"),
    ("permit tcp any range 1 1023 any eq https", _tcp(src_port=1024), "deny"),
    ("permit tcp any any eq sqlnet", _tcp(port=1521), "permit"),
    ("permit tcp any any eq ldaps", _tcp(port=636), "permit"),
    ("permit tcp any any eq h323", _tcp(port=1720), "permit"),
    ("permit tcp any any eq citrix-ica", _tcp(port=1494), "permit"),
    ("permit udp any any eq sip", _udp(5060), "permit"),
    ("permit udp any any eq kerberos", _udp(750), "permit"),
    ("permit udp any any eq radius", _udp(1645), "permit"),
    ("permit tcp-udp any any eq domain", _udp(53), "permit"),
    ("permit 47 any any", _other(47), "permit"),
    ("permit ah any any", _other(51), "permit"),
    ("permit icmp any any", PING, "permit"),
    ("permit icmp any any echo", PING, "permit"),
    ("permit icmp any any echo-reply", PING, "deny"),
    ("permit icmp any any 3 4", _other(1, icmp_type=3, icmp_code=4), "permit"),
    ("permit icmp any any 3 4", _other(1, icmp_type=3, icmp_code=1), "deny"),
    ("permit icmp any any object-group PINGS", PING, "permit"),
    ("permit icmp any any object-group PINGS", _other(1, icmp_type=3), "deny"),
    ("permit icmp6 any any echo", PING6, "permit"),
    ("permit icmp6 any any neighbor-solicitation", PING6, "deny"),
    # Objects and groups, in the place of an address.
    ("permit ip object app1 any", _tcp(), "permit"),
    ("permit ip object pool any", _tcp("10.0.0.6"), "permit"),
    ("permit ip object pool any", _tcp("10.0.0.7"), "deny"),
    ("permit ip object-group NESTED any", _tcp(), "permit"),
    ("permit ip object-group NESTED any", _tcp("10.7.9.9"), "permit"),
    ("permit ip object-group NESTED any", _tcp("10.8.9.9"), "deny"),
    ("permit ip object-group HOLES any", _tcp("10.44.3.5"), "permit"),
    # Trap 28: empty, missing, self-containing; and trap 26: a name that DNS resolves.
    ("permit ip object-group EMPTY any", _tcp(), "deny"),
    ("permit ip object-group GONE any", _tcp(), "unknown"),
    ("permit ip object-group BROKEN any", _tcp("10.0.0.6"), "permit"),
    ("permit ip object-group BROKEN any", _tcp(), "unknown"),
    ("permit ip object-group ITSELF any", _tcp("10.0.0.6"), "permit"),
    ("permit ip object-group ITSELF any", _tcp(), "unknown"),
    ("permit ip object elsewhere any", _tcp(), "unknown"),
    ("permit ip object-group NAMES any", _tcp("10.0.0.6"), "permit"),
    ("permit ip any object-group NAMES", _tcp(), "unknown"),
    ("permit ip object-group WEB any", _tcp(), "unknown"),
    # Of ports.
    ("permit tcp any any object-group WEB", _tcp(), "permit"),
    ("permit tcp any any object-group WEB", _tcp(port=444), "deny"),
    ("permit tcp any any object-group MOREWEB", _tcp(port=8443), "permit"),
    ("permit tcp any any object-group MOREWEB", _tcp(port=441), "permit"),
    ("permit tcp any object-group WEB any", _tcp(src_port=80), "permit"),
    ("permit tcp any object-group WEB any", _tcp(src_port=81), "deny"),
    ("permit tcp object-group NESTED object-group WEB object-group NESTED", _tcp(src_port=80), "deny"),
    ("permit udp any any object-group DNS", _udp(53), "permit"),
    ("permit udp any any object-group WEB", _udp(80), "unknown"),
    ("permit tcp any any object-group GONE", _tcp(), "unknown"),
    # In the place of the protocol.
    ("permit object pg any any", _tcp(port=5432), "permit"),
    ("permit object pg any any", _tcp(), "deny"),
    ("permit object from-pg any any", _tcp(src_port=5432), "permit"),
    ("permit object both any any", _udp(53), "permit"),
    ("permit object ping any any", PING, "permit"),
    ("permit object icmp-echo any any", PING, "permit"),
    ("permit object tcp-https any any", _tcp(), "permit"),
    ("permit object ospf any any", _other(89), "permit"),
    ("permit object-group MIXED any any", _tcp(port=5432), "permit"),
    ("permit object-group MIXED any any", _udp(514), "permit"),
    ("permit object-group MIXED any any", _tcp(src_port=1023), "deny"),
    ("permit object-group MIXED any any", _tcp(src_port=1024), "permit"),
    ("permit object-group MIXED any any", PING, "permit"),
    ("permit object-group MIXED any any", _other(47), "permit"),
    ("permit object-group MIXED any any", _tcp(port=9005), "permit"),
    ("permit object-group MIXED any any", _udp(9005), "deny"),
    ("permit object-group TUNNELS any any", _other(50), "permit"),
    ("permit object-group TUNNELS any any", _tcp(), "deny"),
    ("permit object-group TCPUDP any any eq domain", _udp(53), "permit"),
    ("permit object-group TCPUDP any any eq domain", _tcp(port=54), "deny"),
    ("permit object-group TCPUDP any any object-group DNS", _tcp(port=53), "permit"),
    ("permit object-group TCPUDP any any object-group WEB", _tcp(), "unknown"),
    ("permit object-group TUNNELS any any eq 80", _other(50), "unknown"),
    ("permit ip object hollow any", _tcp(), "unknown"),
    ("permit object-group GONE any any", _tcp(), "unknown"),
    ("permit object-group NESTED any any", _tcp(), "unknown"),
    # What else may stand behind.
    ("permit ip any any log", _tcp(), "permit"),
    ("permit ip any any log disable", _tcp(), "permit"),
    ("permit ip any any log 6 interval 300", _tcp(), "permit"),
    ("permit ip any any log notifications interval 300 inactive", _tcp(), "deny"),
    ("permit ip any any inactive", _tcp(), "deny"),
    ("permit ip any any time-range OFFICE", _tcp(), "unknown"),
    ("permit ip any any time-range OFFICE inactive", _tcp(), "deny"),
    ("deny ip any any time-range OFFICE", _tcp(), "deny"),
    # A flow does not tell who sends it.
    ("permit ip user LOCAL\\admin any any", _tcp(), "unknown"),
    ("permit ip user any any any", _tcp(), "permit"),
    ("permit ip object-group-user PEOPLE any any", _tcp(), "unknown"),
    ("permit ip object-group-user PEOPLE 11.0.0.0 255.0.0.0 any", _tcp(), "deny"),
    ("permit ip security-group name hr any any", _tcp(), "unknown"),
    ("permit ip any security-group tag 7 any", _tcp(), "unknown"),
    # Trap 29: a word that is not understood.
    ("permit tcp any any established", _tcp(), "unknown"),
    ("permit tcp any any eq nosuchport", _tcp(), "unknown"),
    ("permit udp any any eq https", _udp(443), "unknown"),
    ("permit tcp any any eq 443 80", _tcp(), "unknown"),
    ("permit tcp any any range 443 80", _tcp(), "unknown"),
    ("permit tcp any any eq 70000", _tcp(), "unknown"),
    ("permit tcp any 443 any", _tcp(), "unknown"),
    ("permit tcp 11.0.0.0 255.0.0.0 any bogus", _tcp(), "deny"),
    ("permitt tcp any any", _tcp(), "unknown"),
    ("permit nosuch any any", _tcp(), "unknown"),
    ("permit ip any", _tcp(), "unknown"),
    ("permit ip 10.0.0.0 any", _tcp(), "unknown"),
    ("permit ip interface outside any", _tcp(), "unknown"),
    ("", _tcp(), "unknown"),
]


@pytest.mark.parametrize(("entry", "flow", "wanted"), ENTRIES)
def test_an_entry(entry: str, flow: dict[str, Any], wanted: str) -> None:
    assert verdict(ASA, f"{OBJECTS}access-list L extended {entry}\n", flow, "L") == wanted


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("access-list L extended deny tcp any any eq 80\naccess-list L extended permit tcp any any\n", "permit"),
        ("access-list L remark permit ip any any\naccess-list L extended deny ip any any\n", "deny"),
        ("access-list L remark nothing else\n", "deny"),
        # Trap 29: an entry whose first word was damaged is still one.
        ("acces-list L extended deny tcp any any\naccess-list L extended permit tcp any any\n", "unknown"),
        # Before 9.0, what is not said is extended, and "any" is of IPv4.
        ("access-list L permit ip any any\n", "permit"),
        ("access-list L extended deny ip any any\naccess-list L line 1 extended permit tcp any any\n", "permit"),
        ("access-list L extended deny ip any any\nclear configure access-list L\n"
         "access-list L extended permit ip any any\n", "permit"),
        ("access-list L extended deny ip any any\nno access-list L extended deny ip any any\n"
         "access-list L extended permit ip any any\n", "permit"),
        ("access-list L extended deny ip any any\nno access-list L line 1 extended deny ip any any\n"
         "access-list L extended permit ip any any\n", "permit"),
        ("access-list X extended permit ip any any\naccess-list X rename L\n", "permit"),
        ("object-group network G\n network-object host 10.0.0.6\nno object-group network G\n"
         "object-group network G\n network-object host 10.0.0.5\n"
         "access-list L extended deny ip host 10.0.0.6 any\naccess-list L extended permit ip object-group G any\n", "permit"),
        ("object-group network G\n network-object host 10.0.0.5\n network-object host 10.0.0.6\n"
         "object-group network G\n no network-object host 10.0.0.5\n"
         "access-list L extended permit ip object-group G any\n", "deny"),
        ("object network o\n host 10.0.0.6\nobject network o\n host 10.0.0.5\n"
         "access-list L extended permit ip object o any\n", "permit"),
        # By destination alone.
        ("access-list L standard permit 10.9.0.0 255.255.0.0\n", "permit"),
        ("access-list L standard permit host 10.0.0.5\n", "deny"),
        ("access-list L standard deny 10.9.0.0 255.255.0.0\naccess-list L standard permit any4\n", "deny"),
        ("access-list L standard permit 10.9.0.0 255.255.0.0 any\n", "unknown"),
        # As people align comments in files.
        ("access-list L extended permit tcp any any eq 443   ! the shop\n", "permit"),
        ("access-list L extended permit tcp any any eq 443 ! the shop\n", "unknown"),
    ],
)  # fmt: skip
def test_a_list(text: str, wanted: str) -> None:
    assert verdict(ASA, text, _tcp(), "L") == wanted


def test_a_version_before_9_0_has_lists_of_each_family() -> None:
    text = "ASA Version 8.4(7)\nipv6 access-list S permit tcp any any eq www\naccess-list L extended permit ip any any\n"
    questions = Questions(state(ASA, text))
    assert questions.verdict(V6, "S")["verdict"] == "permit"
    assert questions.verdict(_tcp(), "L")["verdict"] == "permit"
    assert {key: one.family for key, one in questions.state.rulesets.items() if not one.hook} == {
        "L": "ip",
        "S": "ip6",
    }


SHOWN = """
access-list cached ACL log flows: total 0, denied 0 (deny-flow-max 4096)
            alert-interval 300
access-list L; 4 elements; name hash: 0xcb4257a3
access-list L line 1 remark what follows is for the shop
access-list L line 2 extended permit tcp object-group APPS any eq https log informational interval 300 (hitcnt=31) 0x26e50070
  access-list L line 2 extended permit tcp host 10.0.0.5 any eq https log informational interval 300 (hitcnt=31) 0x44aceee4
  access-list L line 2 extended permit tcp range 10.0.0.20 10.0.0.29 any eq https (hitcnt=0) 0x44aceee5
  access-list L line 2 extended permit tcp fqdn app.example.com (unresolved) any eq https (inactive) 0x27806b87
access-list L line 3 extended permit tcp host 10.0.0.9 any inactive (hitcnt=0) (inactive) 0x20db5032
access-list L line 4 extended permit tcp host 10.0.0.10 (app10.example.com) any (hitcnt=0) 0x20db5033
"""


@pytest.mark.parametrize(
    ("src", "wanted"),
    [
        ("10.0.0.5", "permit"),
        ("10.0.0.21", "permit"),
        ("10.0.0.9", "unknown"),  # the name may stand for it
        ("10.0.0.10", "permit"),
    ],
)
def test_what_show_access_list_prints_below_an_entry_is_what_its_groups_hold(src: str, wanted: str) -> None:
    assert verdict(ASA, SHOWN, _tcp(src), "L") == wanted


def test_what_show_access_list_prints_below_an_entry_is_not_one_more_entry() -> None:
    groups = "object-group network APPS\n network-object host 10.0.0.5\n"
    found = state(ASA, groups + SHOWN).rulesets["L"].rules
    assert [rule.line for rule in found] == [2, 3, 4]
    assert verdict(ASA, groups + SHOWN, _tcp("10.0.0.21"), "L") == "deny"
    # Counters go on while nothing else changes.
    later = state(ASA, (groups + SHOWN).replace("hitcnt=31", "hitcnt=99"))
    assert later.fingerprint == state(ASA, groups + SHOWN).fingerprint


def test_lines_are_numbered_as_the_device_numbers_them() -> None:
    text = "access-list L remark one\naccess-list L extended deny ip any any\n"
    (rule,) = Questions(state(ASA, text)).verdict(_tcp(), "L")["rules"]
    assert (rule["line"], rule["position"], rule["text"]) == (2, 1, "access-list L extended deny ip any any")


@pytest.mark.parametrize("member", ["network-object object app1", "network-object 10.7.0.0 255.255.0.0"])
def test_a_member_that_goes_away_changes_the_fingerprint(member: str) -> None:
    text = f"{OBJECTS}access-list L extended permit ip object-group NESTED any\n"
    before, after = state(ASA, text), state(ASA, text.replace(f" {member}\n", ""))
    assert before.fingerprint != after.fingerprint


def test_a_large_group_is_a_set_and_no_product() -> None:
    members = "".join(f" network-object host 10.0.{at // 250}.{at % 250 + 1}\n" for at in range(0, 2000, 2))
    ports = "".join(f" port-object eq {port}\n" for port in range(2000, 3000, 2))
    text = (
        f"object-group network BIG\n{members}object-group service PORTS tcp\n{ports}"
        "access-list L extended permit tcp object-group BIG object-group BIG object-group PORTS\n"
    )
    found = state(ASA, text)
    assert len(found.rulesets["L"].rules) == 1
    assert len(found.sets["object-group BIG ipv4"].elements) == 1000
    questions = Questions(found)
    assert questions.verdict(_tcp("10.0.0.1", "10.0.7.1", 2002), "L")["verdict"] == "permit"
    assert questions.verdict(_tcp("10.0.0.1", "10.0.7.2", 2002), "L")["verdict"] == "deny"
    assert questions.verdict(_tcp("10.0.0.1", "10.0.7.1", 2003), "L")["verdict"] == "deny"


@pytest.mark.parametrize("where", ["", "access-list L extended permit ip object-group GONE any"])
def test_what_objects_do_not_tell_is_named(where: str) -> None:
    found = state(ASA, f"{OBJECTS}{where}\n").not_understood
    assert [note["where"] for note in found] == (["object-group GONE"] if where else [])


@pytest.mark.parametrize(
    "cut",
    [
        ": Saved\n:\nASA Version 9.8(1)\n!\naccess-list L extended permit ip any any\n",
        "\n: Saved\n: Written by admin at 05:37:43.184 UTC\n!\nASA Version 9.8(1)\naccess-list L extended deny ip any a",
    ],
)
def test_a_configuration_that_was_cut_short_is_no_firewall_that_is_known(cut: str) -> None:
    found = state(ASA, cut)
    assert not found.firewall_known
    assert "cut short" in found.unreadable[0]["reason"]
    whole = state(ASA, f"{cut}\nCryptochecksum:571d01b7b08342e35db838e9acec00f6\n: end\n")
    assert whole.firewall_known


def test_a_banner_is_one_line_each() -> None:
    text = "banner motd\nbanner motd Test of $(hostname)\nbanner login Keep out\naccess-list L extended permit ip any any\n"
    assert verdict(ASA, text, _tcp(), "L") == "permit"


FLAT = """
object network net
subnet 10.0.0.0 255.255.255.0
description all apps
nat (inside,outside) dynamic interface
service resetinbound
object-group network G
description the app
network-object host 10.0.0.5
no network-object host 10.0.0.9
network-object object net
access-list L extended deny ip host 10.0.0.7 any
access-list L extended permit ip object-group G any
interface GigabitEthernet0/0
nameif inside
security-level 100
ip address 10.0.0.1 255.255.255.0
no shutdown
access-group L in interface inside
"""


@pytest.mark.parametrize(
    ("src", "wanted"), [("10.0.0.5", "permit"), ("10.0.0.7", "deny"), ("10.0.1.5", "deny")]
)
def test_commands_of_a_mode_need_no_indentation(src: str, wanted: str) -> None:
    assert verdict(ASA, FLAT, _tcp(src), "L") == wanted
    assert state(ASA, FLAT).interfaces["inside"].addresses == ["10.0.0.1/24"]


@pytest.mark.parametrize("indent", ["", " ", "   "])
def test_a_command_of_the_top_is_one_also_where_it_is_indented(indent: str) -> None:
    text = (
        "object-group network G\n network-object host 10.0.0.5\n"
        f"{indent}access-list L extended deny tcp any any eq 443\n"
        "access-list L extended permit ip object-group G any\n"
    )
    assert verdict(ASA, text, _tcp(), "L") == "deny"
    assert verdict(ASA, text, _tcp(port=80), "L") == "permit"


@pytest.mark.parametrize(
    "said", ["ERROR: % Invalid input detected at '^' marker.", "Command authorization failed"]
)
def test_a_refusal_is_no_configuration(said: str) -> None:
    found = state(ASA, f"show running-config\n            ^\n{said}\n")
    assert (found.firewall_known, found.unreadable[0]["reason"]) == (False, said)


def test_groups_may_be_nested_as_deep_as_a_text_can_say() -> None:
    chain = "".join(f"object-group network G{at}\n group-object G{at + 1}\n" for at in range(3000))
    text = f"{chain}object-group network G3000\n network-object host 10.0.0.5\naccess-list L extended permit ip object-group G0 any\n"
    assert verdict(ASA, text, _tcp(), "L") == "permit"
