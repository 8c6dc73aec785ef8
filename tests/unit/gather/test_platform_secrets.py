# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lines of each platform that hold a secret: none of it is left, and each keeps its other words."""

from __future__ import annotations

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.gather.device_secrets import without_secrets

# What is secret is `hush`, or the hex digits where the platform shows nothing else.
HEX = "0822455d0a16"
LINES = {
    "cisco_ios": [
        "enable algorithm-type scrypt secret hush",
        "username ops privilege 15 algorithm-type sha256 secret 8 $8$hush",
        "snmp-server host 10.0.0.9 hush",
        "snmp-server host 10.0.0.9 vrf MGMT version 2c hush udp-port 1162",
        "snmp-server host 10.0.0.9 traps version 2c hush",
        "snmp-server host 10.0.0.9 informs version 3 priv hush",
        " server-private 10.0.0.7 timeout 5 key 7 08hush",
        " client 10.0.0.7 server-key 7 08hush",
        " pre-shared-key address 0.0.0.0 0.0.0.0 key hush",
        " pre-shared-key local 6 hush",
        " pre-shared-key remote hush",
        " ppp pap sent-username shop password 0 hush",
        " isis password hush level-1",
        " area-password hush",
        " standby 1 authentication md5 key-string 7 08hush",
        " standby 1 authentication hush",
        " vrrp 1 authentication text hush",
        " ip nhrp authentication hush",
        " area 1 virtual-link 192.0.2.1 message-digest-key 1 md5 7 08hush",
        "mpls ldp neighbor 192.0.2.1 password 7 08hush",
        " path ftp://backup:hush@10.0.0.5/configs/$h",
        "ip ftp password 7 08hush",
        "key config-key password-encrypt hush",
        " neighbor 192.0.2.1 inherit peer-session S password 7 " + HEX,
    ],
    "cisco_nxos": [
        "username admin password 5 $5$hush  role network-admin",
        "snmp-server user admin network-admin auth md5 0xhush priv 0xhush localizedkey",
        "snmp-server user admin network-admin auth sha 0xhush priv aes-128 0xhush localizedkey",
        "snmp-server community hush group network-operator",
        "snmp-server host 10.0.0.9 traps version 2c hush",
        'radius-server host 10.0.0.7 key 7 "hush" authentication accounting',
        "    authentication md5 key-string 7 hush",
        "    authentication text hush",
        "    password 3 hush",
    ],
    "cisco_xr": [
        " secret 10 $6$hush",
        " secret 5 hush",
        "  key-string password 08hush",
        "  password encrypted 08hush",
        "snmp-server user u g v3 auth md5 encrypted 08hush priv des56 encrypted 08hush",
        "snmp-server host 10.0.0.9 traps version 2c encrypted 08hush",
        " lsp-password hmac-md5 encrypted 08hush",
        "  message-digest-key 1 md5 encrypted 08hush",
        "  neighbor password encrypted 08hush",
    ],
    "cisco_asa": [
        "username ops password hush pbkdf2 privilege 15",
        "snmp-server host inside 10.0.0.9 community hush version 2c",
        "snmp-server host inside 10.0.0.9 poll community 8 hush",
        "failover key hush",
        "failover ipsec pre-shared-key hush",
        " ikev2 remote-authentication pre-shared-key hush",
        " ospf message-digest-key 1 md5 hush",
        " authentication key eigrp 100 hush key-id 1",
        " radius-common-pw hush",
        "vpdn username shop password hush",
    ],
    "arista_eos": [
        "username ops privilege 15 role network-admin secret sha512 $6$hush",
        "aaa root secret sha512 $6$hush",
        "   isis authentication key 7 08hush",
        "      key 0102 7 08hush",
        "ntp authentication-key 1 sha1 7 08hush",
        "   vrrp 1 peer authentication ietf-md5 key-string 7 08hush",
        "   auth password 7 08hush",
    ],
    "juniper_junos": [
        "    community hush {",
        "    community hush;",
        "set snmp community hush authorization read-only",
        "set protocols ospf area 0.0.0.0 interface ge-0/0/0.0 authentication md5 1 key hush",
        '                md5 1 key "$9$hush"; ## SECRET-DATA',
        "<community><name>hush</name><authorization>read-only</authorization></community>",
        "<encrypted-password>$6$hush</encrypted-password>",
    ],
    "paloalto_panos": [
        "        phash hush;",
        "          snmp-community-string hush;",
        "          secret -AQ==hush;",
        "set deviceconfig system snmp-setting access-setting version v2c snmp-community-string hush",
        "set shared server-profile ldap L bind-password -AQ==hush",
        "set network virtual-router default protocol bgp auth-profile A secret -AQ==hush",
        "<snmp-community-string>hush</snmp-community-string>",
        "<bind-password>hush</bind-password>",
    ],
    "fortinet": [
        'config system snmp community\n    edit 1\n        set name "hush"\n    next\nend',
        "        set passphrase ENC hush",
        '        set password "hush"',
        '        set private-key "-----BEGIN ENCRYPTED PRIVATE KEY-----\nhush\n-----END ENCRYPTED PRIVATE KEY-----"',
    ],
    "vyos": [
        "set interfaces wireguard wg0 private-key 'hush'",
        "set interfaces wireguard wg0 peer p preshared-key 'hush'",
        "set protocols bgp neighbor 192.0.2.1 password 'hush'",
        "set protocols ospf interface eth0 authentication md5 key-id 1 md5-key 'hush'",
        "set high-availability vrrp group g authentication password 'hush'",
        "set system login radius server 10.0.0.7 key 'hush'",
        "set pki certificate c private key 'hush'",
        "set service snmp community hush authorization 'ro'",
        "        community hush {",
        '                plaintext-password "hush"',
        "            pre-shared-secret hush",
    ],
}


@pytest.mark.parametrize(
    ("platform", "line"), [(platform, line) for platform, lines in LINES.items() for line in lines]
)
def test_none_of_it_is_left(platform: str, line: str) -> None:
    found = without_secrets(f"hostname R1\n{line}\nend\n")
    assert "hush" not in found, platform
    assert HEX not in found
    assert found.count("\n") == line.count("\n") + 3, "rules keep their line numbers"
    begins = line.split()[0].split("hush")[0].split("$")[0]
    assert found.splitlines()[1].strip().startswith(begins), "how it begins says what it was"
    assert "*" in found or "PRIVATE" in found


@pytest.mark.parametrize(
    "line",
    [
        "snmp-server host-trap enable",
        "snmp-server enable traps",
        " 10 permit tcp any any eq 7",
        " remark a secret 7 on the key",
        "community-list standard A",
        '    set name "community"',
        "authentication mode",
        "set rulebase security rules snmp-community-string action allow",
        "set security policies from-zone a to-zone b policy key match application any",
        "set firewall ipv4 name key rule 7 action 'accept'",
        "set policy-options community secret members 65000:1",
        "key chain K",
        "access-list key extended permit tcp any any",
    ],
)
def test_what_is_no_secret_stays(line: str) -> None:
    assert without_secrets(line) == line
