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
    r"enable (?:algorithm-type \S+ )?(?:secret|password)(?: level \d+)?",
    r"username \S+ (?:\S+ ){0,6}?(?:secret|password)",
    r"snmp-server community",
    r"snmp-server host (?:\S+ ){1,6}?(?:version (?:1|2c)|traps|informs)",
    r"(?:tacacs|radius)-server (?:\S+ ){0,8}?key",
    r"key",
    r"key-string",
    r"crypto isakmp key",
    r"neighbor \S+ password",
    r"ip ospf (?:authentication-key|message-digest-key \d+ md5)",
    r"ntp authentication-key \d+ md5",
    r"passwd|password|ldap-login-password|ppp chap password",
    r"(?:ikev\d (?:local-authentication |remote-authentication )?)?pre-shared-key",
    # Junos
    r"(?:encrypted-password|secret|authentication-key|simple-password|pre-shared-key)(?=(?: \S+)? \")",
    r"set (?:system|security ike|protocols|snmp|access) (?:\S+ ){0,14}?(?:encrypted-password|secret|authentication-key"
    r"|simple-password|pre-shared-key|community)",
    # PAN-OS, FortiOS, VyOS
    r"set (?:mgt-config|deviceconfig|network ike|shared (?:certificate|server-profile|local-user-database)) "
    r"(?:\S+ ){0,14}?(?:phash|key|secret|password|private-key)",
    r"set \S+(?= ENC )",
    r"set (?:vpn|service|interfaces) (?:\S+ ){0,14}?(?:encrypted-password|plaintext-password|pre-shared-secret|secret"
    r"|password|private-key|key|community)",
)
_KINDS = r"(?: (?:\d{1,2}|ENC|ascii-text|hexadecimal|encrypted|sha512))*"
_SECRET = re.compile(rf"^(\s*(?:no )?(?:{'|'.join(_BEGINNINGS)}){_KINDS} ){_WORD}", re.MULTILINE)
_SNMP_USER = re.compile(r"^(snmp-server user .*)$", re.MULTILINE)
_SNMP_KEYS = re.compile(r"(\b(?:auth \S+|priv (?:aes|3des|des)(?:[ -]\d+)?) )\S+")
_XML = re.compile(r"<(phash|key|password|secret|private-key|passphrase)>[^<]+</\1>")
_PEM = re.compile(r"(-----BEGIN [A-Z ]*PRIVATE KEY-----)(.*?)(?=-----END )", re.DOTALL)


def without_secrets(text: str) -> str:
    """The same lines, with stars for each secret that is known by the words before it."""
    text = _PEM.sub(lambda found: found[1] + "\n" * found[2].count("\n"), text)
    text = _XML.sub(lambda found: f"<{found[1]}>{HIDDEN}</{found[1]}>", text)
    text = _SNMP_USER.sub(lambda found: _SNMP_KEYS.sub(rf"\1{HIDDEN}", found[1]), text)
    return _SECRET.sub(rf"\1{HIDDEN}", text)
