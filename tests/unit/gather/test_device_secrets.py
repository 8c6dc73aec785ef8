# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""No secret of a device's configuration gets into a snapshot, and no rule loses a word."""

from __future__ import annotations

import time

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.gather.device_secrets import without_secrets


@pytest.mark.parametrize(
    "line",
    [
        "enable secret 9 $9$hush",
        "enable password hush",
        "username ops privilege 15 secret 5 $1$hush",
        "username ops password 7 0822hush",
        "snmp-server community hush RO 10",
        "snmp-server host 10.0.0.9 version 2c hush",
        "snmp-server user u g v3 auth sha hush priv aes 128 hush",
        "tacacs-server key 7 08hush",
        " key 7 08hush",
        "  key-string 7 08hush",
        "crypto isakmp key hush address 192.0.2.1",
        " neighbor 192.0.2.1 password 7 08hush",
        " ip ospf message-digest-key 1 md5 7 08hush",
        " ip ospf authentication-key hush",
        "ntp authentication-key 1 md5 hush 7",
        "passwd hush encrypted",
        " ikev1 pre-shared-key hush",
        'set system root-authentication encrypted-password "$6$hush"',
        '        encrypted-password "$6$hush"; ## SECRET-DATA',
        'set security ike policy p pre-shared-key ascii-text "$9$hush"',
        "set mgt-config users admin phash $5$hush",
        "          <phash>$5$hush</phash>",
        "        set password ENC AAhush==",
        "        set psksecret ENC AAhush",
        "set system login user vyos authentication encrypted-password '$6$hush'",
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\nhush\nhush\n-----END ENCRYPTED PRIVATE KEY-----",
    ],
)
def test_blotted_out(line: str) -> None:
    text = f"hostname R1\n{line}\nend\n"
    found = without_secrets(text)
    assert "hush" not in found
    assert found.count("\n") == text.count("\n"), "rules keep their line numbers"
    assert found.startswith("hostname R1\n")
    assert found.endswith("end\n")


@pytest.mark.parametrize(
    "line",
    [
        "access-list 101 permit tcp any host 10.0.0.1 eq 5432",
        " 10 permit tcp any any eq 22 log",
        " remark the password is no secret here",
        "ip access-list extended secret",
        "object-group network password",
        "access-group secret in interface password",
        "set firewall family inet filter password term secret then accept",
        "set security policies from-zone trust to-zone untrust policy secret match application junos-ssh",
        "set rulebase security rules password action allow",
        '        set name "password"',
        "        set srcaddr key community",
        "set policy-options prefix-list secret 10.0.0.0/8",
        " description password for all",
        "ip community-list standard A permit 65000:1",
        "set community 65000:1",
        "set dstaddr secret password",
        "match password ipv4",
        "set shared address key ip-netmask 10.0.0.0/8",
        "set shared service secret protocol tcp port 22",
        "set network interface ethernet ethernet1/1 comment key",
        "set rulebase nat rules key source-translation static-ip translated-address secret",
        "set service PASSWORD protocol tcp port 22",
    ],
)
def test_left_as_it_is(line: str) -> None:
    assert without_secrets(line) == line


def test_a_long_configuration_takes_no_time() -> None:
    text = "".join(f" {number} permit tcp host 10.0.0.1 any eq {number}\n" for number in range(1, 60000))
    began = time.monotonic()
    assert without_secrets(text) == text
    assert time.monotonic() - began < 3
