# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Configurations of FortiOS and PAN-OS that lost a word, or have one that is none: nothing opens silently."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.analyse.verdicts import Questions
from ansible_collections.pathguard.network.plugins.plugin_utils.errors import FlowError
from tests.support.device_texts import state
from tests.support.fuzz_firewalls import FORTIOS, PANOS, PANOS_XML

TEXTS = {"fortinet": FORTIOS, "panos set": PANOS, "panos xml": PANOS_XML}
BY = {
    "fortinet": {"in_interface": "port1", "out_interface": "port2"},
    "panos set": {"in_interface": "ethernet1/1", "out_interface": "ethernet1/2"},
    "panos xml": {"in_interface": "ethernet1/1", "out_interface": "ethernet1/2"},
}
CLOSED = [
    {"src": "10.1.8.5", "dst": "10.2.0.10", "protocol": "tcp", "src_port": 40000, "dst_port": 80},
    {"src": "10.1.9.5", "dst": "10.2.0.10", "protocol": "tcp", "src_port": 40000, "dst_port": 5432},
    {"src": "10.1.1.5", "dst": "10.2.0.10", "protocol": "tcp", "src_port": 40000, "dst_port": 3306},
    {"src": "10.1.1.5", "dst": "10.2.0.10", "protocol": "udp", "src_port": 40000, "dst_port": 5432},
]
OPEN = {"src": "10.1.1.5", "dst": "10.2.0.10", "protocol": "tcp", "src_port": 40000, "dst_port": 5432}
# What a word more or less is a different configuration by, that a device would accept just so: names of rules and
# hosts, addresses within what the language allows.
_WORD = re.compile(r"""[^\s<>"=/\[\]]+""")
GARBLED = "zqz"


def damaged(text: str) -> Iterator[tuple[str, str]]:
    for found in _WORD.finditer(text):
        for put in ("", GARBLED):
            yield (
                f"{found[0]!r} -> {put!r} at {found.start()}",
                text[: found.start()] + put + text[found.end() :],
            )


def answers(platform: str, kind: str, text: str) -> list[str]:
    questions = Questions(state(platform, text))
    found = []
    for flow in CLOSED:
        try:
            found.append(questions.verdict({**flow, **BY[kind]})["verdict"])
        except FlowError:  # an interface that the question names is gone
            found.append("refused")
    return found


@pytest.mark.parametrize("kind", sorted(TEXTS))
def test_trap_29_no_lost_and_no_garbled_word_opens_what_was_closed(kind: str) -> None:
    platform = "fortinet" if kind == "fortinet" else "paloalto_panos"
    text = TEXTS[kind]
    assert answers(platform, kind, text) == ["deny"] * len(CLOSED)
    assert Questions(state(platform, text)).verdict({**OPEN, **BY[kind]})["verdict"] == "permit"
    opened = [what for what, broken in damaged(text) if "permit" in answers(platform, kind, broken)]
    assert opened == []


@pytest.mark.parametrize("kind", ["fortinet", "panos xml"])
def test_no_part_of_a_configuration_is_taken_for_the_whole(kind: str) -> None:
    """Cut anywhere, it is unreadable, or it ends where a table ends."""
    platform = "fortinet" if kind == "fortinet" else "paloalto_panos"
    text = TEXTS[kind].rstrip()
    for end in range(1, len(text), 37):
        found = state(platform, text[:end])
        whole_tables = kind == "fortinet" and text[:end].rstrip().endswith(("\nend", "admin"))
        assert not found.firewall_known or whole_tables, text[:end][-60:]


def test_groups_in_groups_without_end_are_unknown_and_no_error() -> None:
    groups = "".join(f"set address-group g{n} static g{n + 1}\n" for n in range(3000))
    text = PANOS.replace("source apps", "source g0") + groups
    assert answers("paloalto_panos", "panos set", text)[2] == "deny"
    assert (
        Questions(state("paloalto_panos", text)).verdict({**OPEN, **BY["panos set"]})["verdict"] == "unknown"
    )
    more = "".join(f'    edit "g{n}"\n        set member "g{n + 1}"\n    next\n' for n in range(3000))
    table = FORTIOS.replace("config firewall addrgrp\n", f"config firewall addrgrp\n{more}")
    broken = table.replace('set srcaddr "apps"', 'set srcaddr "g0"')
    assert Questions(state("fortinet", broken)).verdict({**OPEN, **BY["fortinet"]})["verdict"] == "unknown"


@pytest.mark.parametrize("line", ["set rulebase security rules r " + "a " * 5000, "set " + "[ " * 5000])
def test_a_line_without_end_is_no_error(line: str) -> None:
    assert not state("paloalto_panos", PANOS + line).firewall_known
