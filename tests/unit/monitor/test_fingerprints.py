# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What makes a host differ from how it was, and what does not."""

from __future__ import annotations

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.model.raw import RawOutput
from ansible_collections.pathguard.network.plugins.plugin_utils.model.state import Listener
from ansible_collections.pathguard.network.plugins.plugin_utils.monitor import fingerprints
from tests.support.states import small_lab


def digest(name: str, text: str, rc: int = 0) -> str:
    return fingerprints.of_outputs({name: RawOutput(name, name, rc, text, "")})


# Command, before, after: packets and time alone.
SAME = [
    ("nft_text", "ip saddr 1.2.3.4 counter packets 5 bytes 300 accept", "ip saddr 1.2.3.4 counter packets 9 bytes 99 accept"),
    ("nft_text", "elements = { 1.2.3.4 timeout 1h expires 30m2s }", "elements = { 1.2.3.4 timeout 1h expires 29m1s }"),
    ("nft_text", "quota over 25 mbytes used 2 kbytes drop", "quota over 25 mbytes used 9 mbytes drop"),
    ("nft_json", '{"counter": {"packets": 1, "bytes": 60}}', '{"counter": {"packets": 2, "bytes": 120}}'),
    ("iptables_nft", "# on Mon\n:INPUT DROP [1:60]\n[5:6] -A INPUT -j ACCEPT", "# on Tue\n:INPUT DROP [2:80]\n[7:8] -A INPUT -j ACCEPT"),
    ("ipset", "create x hash:ip timeout 600\nadd x 1.2.3.4 timeout 598", "create x hash:ip timeout 600\nadd x 1.2.3.4 timeout 12"),
    ("addresses", '[{"valid_life_time": 100, "preferred_life_time":50}]', '[{"valid_life_time": 99, "preferred_life_time":49}]'),
    ("routes6", '[{"dst": "default", "expires": 1700}]', '[{"dst": "default", "expires": 1650}]'),
    ("sysctl", "net.netfilter.nf_conntrack_count = 5\n", "net.netfilter.nf_conntrack_count = 77\n"),
    ("listeners", "tcp LISTEN 0 1 0.0.0.0:22", "tcp LISTEN 0 2 0.0.0.0:22"),
]  # fmt: skip
OTHER = [
    ("nft_text", "ip saddr 1.2.3.0/24 counter packets 5 bytes 3 accept", "ip saddr 1.2.3.0/26 counter packets 5 bytes 3 accept"),
    ("nft_text", "limit rate 5/second accept", "limit rate 6/second accept"),
    ("nft_text", "accept # handle 4", "accept # handle 9"),
    ("nft_text", "elements = { 1.2.3.4 timeout 1h expires 30m2s }", "elements = { 1.2.3.5 timeout 1h expires 30m2s }"),
    ("nft_text", "quota over 25 mbytes used 2 kbytes drop", "quota over 26 mbytes used 2 kbytes drop"),
    ("nft_json", '{"limit": {"rate": 1}}', '{"limit": {"rate": 2}}'),
    ("iptables_nft", ":INPUT DROP [1:60]", ":INPUT ACCEPT [1:60]"),
    ("iptables_nft", "[5:6] -A INPUT -s 10.0.0.0/8 -j ACCEPT", "[5:6] -A INPUT -s 10.0.0.0/9 -j ACCEPT"),
    ("ipset", "create x hash:ip timeout 600", "create x hash:ip timeout 60"),
    ("ipset", "add x 1.2.3.4 timeout 5", "add x 1.2.3.5 timeout 5"),
    ("addresses", '[{"local": "10.0.0.1", "valid_life_time": 9}]', '[{"local": "10.0.0.2", "valid_life_time": 9}]'),
    ("sysctl", "net.ipv4.ip_forward = 1", "net.ipv4.ip_forward = 0"),
    ("rules4", '[{"priority": 5}]', '[{"priority": 6}]'),
]  # fmt: skip


@pytest.mark.parametrize(("name", "before", "after"), SAME)
def test_packets_and_time_change_nothing(name: str, before: str, after: str) -> None:
    assert digest(name, before) == digest(name, after)


@pytest.mark.parametrize(("name", "before", "after"), OTHER)
def test_anything_else_does(name: str, before: str, after: str) -> None:
    assert digest(name, before) != digest(name, after)


def test_a_command_that_fails_is_another_answer() -> None:
    assert digest("nft_text", "") != digest("nft_text", "", rc=1)


def test_a_device_is_told_by_its_state() -> None:
    state = small_lab()["fw1"]
    before = fingerprints.of_state(state)
    state.listeners.append(Listener("tcp", "0.0.0.0", 80))
    assert fingerprints.of_state(state) == before
    state.interfaces["app0"].up = not state.interfaces["app0"].up
    assert fingerprints.of_state(state) != before
