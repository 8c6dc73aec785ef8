# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Trap 29, for configurations of devices: a word that is exchanged, left out or put in never makes a packet permitted
that was not, unless the configuration is another one that the platform's language has."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.analyse.verdicts import Questions
from tests.support.device_texts import state
from tests.support.fuzz_devices import CONFIGURATIONS

NONSENSE = "zqx"
# By which interfaces of each platform the packets come and go.
WAYS = {
    "arista_eos": {"in_interface": "Ethernet1", "out_interface": "Ethernet2"},
    "cisco_ios": {"in_interface": "GigabitEthernet1", "out_interface": "GigabitEthernet2"},
    "cisco_nxos": {"in_interface": "Ethernet1/1", "out_interface": "Ethernet1/3"},
    "cisco_asa": {"in_interface": "outside", "out_interface": "inside"},
    "cisco_xr": {"in_interface": "Bundle-Ether1", "out_interface": "GigabitEthernet0/0/0/3"},
    "vyos": {"in_interface": "eth1", "out_interface": "eth2"},
}
# Packets that the sound configurations deny.
DENIED = (
    {"src": "10.1.1.7", "dst": "10.2.0.10", "protocol": "tcp", "dst_port": 80},
    {"src": "10.1.9.7", "dst": "10.9.0.10", "protocol": "tcp", "dst_port": 5432},
    {"src": "10.66.0.1", "dst": "10.2.0.10", "protocol": "udp", "src_port": 53, "dst_port": 53},
    {"src": "10.1.1.7", "dst": "10.2.0.10", "protocol": "icmp", "icmp_type": 13},
    {"src": "2001:db8:2::7", "dst": "2001:db8:9::1", "protocol": "tcp", "dst_port": 443},
)
# What another name means is documented: a list that is defined nowhere passes all, as an interface without one does.
NAMED = ("access-list", "access-group", "traffic-filter", "common", "SHARED", "interface", "extended")
# Words without which a line is another one of the same language, and wider: options that narrow an entry, and what
# makes a port routed (at a switched one the list is inactive).
WIDER = ("established", "echo", "inactive", "no")


def lines_of(platform: str) -> Iterator[tuple[int, list[str]]]:
    for number, line in enumerate(CONFIGURATIONS[platform].splitlines()):
        if line.split() and not line.startswith(("!", "Mon")):
            yield number, line.split()


def damaged(platform: str, number: int, words: list[str]) -> str:
    lines = CONFIGURATIONS[platform].splitlines()
    indent = lines[number][: len(lines[number]) - len(lines[number].lstrip())]
    lines[number] = indent + " ".join(words)
    return "\n".join(lines) + "\n"


def opened(platform: str, text: str) -> list[str]:
    """Of which packets that are denied a configuration permits any."""
    questions = Questions(state(platform, text))
    answers = [questions.verdict({**flow, **WAYS[platform]}) for flow in DENIED]
    parts = [part["verdict"] for answer in answers for part in answer["parts"]]
    return [str(part) for part in parts if part == "permit"]


@pytest.mark.parametrize("platform", sorted(WAYS))
def test_the_sound_configuration_denies_these(platform: str) -> None:
    questions = Questions(state(platform, CONFIGURATIONS[platform]))
    assert [questions.verdict({**flow, **WAYS[platform]})["verdict"] for flow in DENIED] == ["deny"] * len(
        DENIED
    )


@pytest.mark.parametrize("platform", sorted(WAYS))
def test_a_word_that_nobody_knows_opens_nothing(platform: str) -> None:
    found = []
    for number, words in lines_of(platform):
        for at in range(len(words)):
            for changed in ([*words[:at], NONSENSE, *words[at + 1 :]], [*words[:at], NONSENSE, *words[at:]]):
                renamed = words[at - 1] in NAMED and len(changed) == len(words)
                if not renamed and opened(platform, damaged(platform, number, changed)):
                    found.append(" ".join(changed))
    assert found == []


@pytest.mark.parametrize("platform", ["arista_eos", "cisco_nxos", "cisco_xr", "vyos"])
@pytest.mark.parametrize("indent", ["", " ", "      "])
def test_a_line_that_stands_elsewhere_opens_nothing(platform: str, indent: str) -> None:
    found = []
    for number, words in lines_of(platform):
        lines = CONFIGURATIONS[platform].splitlines()
        lines[number] = indent + " ".join(words)
        if opened(platform, "\n".join(lines) + "\n"):
            found.append(lines[number])
    assert found == []


@pytest.mark.parametrize("platform", sorted(WAYS))
def test_a_word_that_is_missing_opens_nothing_in_silence(platform: str) -> None:
    found = []
    for number, words in lines_of(platform):
        for at in range(len(words)):
            changed = [*words[:at], *words[at + 1 :]]
            if words[at] not in WIDER and opened(platform, damaged(platform, number, changed)):
                found.append(f"{words[at]}: {' '.join(changed)}")
    assert found == []
