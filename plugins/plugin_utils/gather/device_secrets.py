# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Configurations without the secrets in them: a snapshot needs none, and whoever may read it need not learn them.

Only lines that begin as one that holds a secret are touched, so that no rule loses a word; the secret becomes stars,
and lines stay where they are. Sources: Cisco IOS Security Command Reference (enable secret, username, tacacs-server
key, key-string, crypto isakmp key), Cisco IOS SNMP Support Command Reference, Cisco ASA Command Reference (passwd,
pre-shared-key), Junos CLI User Guide ("SECRET-DATA"), PAN-OS (phash), FortiOS (ENC), VyOS User Guide.
"""

from __future__ import annotations

import re

from .access import HIDDEN

_WORD = r"(?:\"[^\"\n]*\"|'[^'\n]*'|[^\s;]+)"
# How a line begins that has its secret next; of several words, the number that says how it is written down may follow.
_BEGINNINGS = (
    # Cisco, Arista
    r"(?:enable|aaa root) (?:algorithm-type \S+ )?(?:secret|password)(?: level \d+)?",
    r"username \S+ (?:\S+ ){0,6}?(?:secret|password)",
    r"snmp-server community",
    r"snmp-server host \S+ \S+ (?:poll |trap )?community",
    r"snmp-server host \S+(?: (?:vrf|use-vrf) \S+)?(?: traps| informs)?"
    r"(?: version (?:1|2c|3(?: (?:auth|noauth|priv))?))?(?! (?:traps|informs|version|vrf|use-vrf) )",
    r"(?:tacacs|radius)-server (?:\S+ ){0,8}?key",
    r"(?:server-private|client) \S+ (?:\S+ ){0,8}?(?:server-)?key",
    r"server-key|failover key|key config-key password-encrypt(?:ion)?",
    r"key(?! config-key| chain )(?: [0-9A-Fa-f]{2,64}(?= (?:0|7|8a) \S))?",
    r"key-string",
    r"(?:crypto )?isakmp key",
    r"(?:mpls ldp )?neighbor (?:\S+ )?password",
    r"(?:area \S+ virtual-link \S+ )?(?:(?:ip )?ospf )?(?:authentication-key|message-digest-key \d+ md5)",
    r"area \S+ virtual-link \S+ (?:\S+ ){0,8}?(?:authentication-key|message-digest-key \d+ md5)",
    r"ntp authentication-key \d+ (?:md5|sha1|sha2|cmac-aes-128)",
    r"(?:isis |area-|domain-|lsp-|hello-|mpls ldp |ip ftp |ip http client |auth |session |l2tp tunnel )password"
    r"(?: (?:hmac-md5|text|accept-own))?",
    r"isis authentication key|authentication key(?: eigrp \d+)?",
    r"(?:(?:standby|vrrp|glbp) \d+ (?:peer )?)?authentication (?:(?:md5|ietf-md5) key-string|text)",
    r"standby \d+ authentication(?! (?:md5|text) )|ip nhrp authentication",
    r"ppp (?:chap password|pap sent-username \S+ password)|vpdn username \S+ password",
    r"wpa-psk (?:ascii|hex)",
    r"secret(?= (?:0|4|5|8|9|10) \S)",
    r"passwd|password|ldap-login-password|radius-common-pw|policy-server-secret|wccp \S+ password",
    r"(?:ikev\d (?:local-authentication |remote-authentication )?|failover ipsec )?pre-shared-key"
    r"(?: (?:local|remote|address \S+(?: \d\S+)? key|hostname \S+ key))?",
    # Junos
    r"(?:encrypted-password|secret|authentication-key|simple-password|pre-shared-key)(?=(?: \S+)? \")",
    r"community(?= [^\s;]+(?:;| \{))",
    r"set (?:system|security ike|protocols|snmp|access) (?:\S+ ){0,14}?(?:encrypted-password|plaintext-password|secret"
    r"|authentication-key|simple-password|pre-shared-key|community|password|md5-key|key)",
    # PAN-OS, FortiOS, VyOS
    r"set (?:mgt-config|deviceconfig|network (?:ike|virtual-router|profiles)|shared (?:certificate|server-profile"
    r"|local-user-database|authentication-profile)) (?:\S+ ){0,14}?(?:phash|key|secret|password|private-key"
    r"|bind-password|snmp-community-string|authpwd|privpwd)",
    r"phash|bind-password|snmp-community-string|authpwd|privpwd|private-key(?= [^\"\s])",
    r"secret(?= [^\s;]+;)",
    r"set \S+(?= ENC )",
    r"set (?:password|passwd|psksecret|passphrase|ppk-secret|auth-pwd|priv-pwd)",
    r"set (?:vpn|service|interfaces|pki|high-availability) (?:\S+ ){0,14}?(?:encrypted-password|plaintext-password"
    r"|pre-shared-secret|secret|password|private-key|private key|preshared-key|pre-shared-key|shared-secret-key|md5-key"
    r"|key|community)",
    r"plaintext-password|pre-shared-secret|preshared-key|shared-secret-key|md5-key",
)
_KINDS = r"(?: (?:\d{1,2}|8a|ENC|ascii-text|hexadecimal|encrypted|clear|password|sha512))*"
_SECRET = re.compile(rf"^(\s*(?:no )?(?:{'|'.join(_BEGINNINGS)}){_KINDS} ){_WORD}", re.MULTILINE)
_SNMP_USER = re.compile(r"^(snmp-server user .*)$", re.MULTILINE)
_SNMP_KEYS = re.compile(
    r"(\b(?:auth (?:md5|sha|sha-\d+|sha\d+)|priv(?: (?:aes|3des|des|des56)(?:[ -]\d+)?)?) "
    r"(?:(?:encrypted|clear) )?)\S+"
)
_XML = re.compile(
    r"<((?:[\w-]*-)?(?:phash|key|password|passwd|secret|passphrase|authpwd|privpwd|community-string))>[^<]+</\1>"
)
_XML_COMMUNITY = re.compile(r"(<community>\s*<name>)[^<]+")
_PEM = re.compile(r"(-----BEGIN [A-Z ]*PRIVATE KEY-----)(.*?)(?=-----END )", re.DOTALL)
# FortiOS: the name of an SNMP community is all that it takes to ask.
_FORTIOS_COMMUNITIES = re.compile(r"^(\s*)config system snmp community$.*?^\1end$", re.MULTILINE | re.DOTALL)
_FORTIOS_NAME = re.compile(rf"^(\s*set name ){_WORD}", re.MULTILINE)
# What can be nothing but a secret, wherever it stands: crypt(5) and its kin, what PAN-OS encrypts, passwords in URLs,
# and the keys that Cisco has made unreadable.
_ANYWHERE = (
    (re.compile(r"(?<![\w$])\$(?:[1-9]|10|14|2[abxy]|y|sha1|sha256|sha512|pbkdf2)\$[^\s\";<']+"), HIDDEN),
    (re.compile(r"(?<!\S)-AQ==[^\s;<]*"), HIDDEN),
    (re.compile(r"(\b[a-z][a-z0-9+.-]*://[^\s:/@]+:)[^\s@/]+(?=@)"), rf"\1{HIDDEN}"),
    (
        re.compile(
            r"(\b(?:password|secret|key|key-string|md5) (?:6|7|encrypted) )\"?(?:[0-9A-Fa-f]{2}){3,}\"?(?!\S)"
        ),
        rf"\1{HIDDEN}",
    ),
)
# Of a text without any of these words, nothing is a secret.
_TELLTALE = re.compile(
    r"secret|pass|pw|key|community|hash|auth|snmp|psk|priv| ENC |\$|://|-AQ==|md5|PRIVATE", re.IGNORECASE
)


def without_secrets(text: str) -> str:
    """The same lines, with stars for each secret that is known by the words before it, or by its looks."""
    if not _TELLTALE.search(text):
        return text
    text = _PEM.sub(lambda found: found[1] + "\n" * found[2].count("\n"), text)
    text = _XML_COMMUNITY.sub(rf"\1{HIDDEN}", _XML.sub(rf"<\1>{HIDDEN}</\1>", text))
    text = _FORTIOS_COMMUNITIES.sub(lambda found: _FORTIOS_NAME.sub(rf"\1{HIDDEN}", found[0]), text)
    text = _SNMP_USER.sub(lambda found: _SNMP_KEYS.sub(rf"\1{HIDDEN}", found[1]), text)
    text = _SECRET.sub(rf"\1{HIDDEN}", text)
    for pattern, hidden in _ANYWHERE:
        text = pattern.sub(hidden, text)
    return text
