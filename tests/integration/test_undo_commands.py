# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The commands that a report gives to undo a change by hand: run on a real kernel, they do."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.analyse.undo import Undo
from ansible_collections.pathguard.network.plugins.plugin_utils.gather.firewall import gather
from ansible_collections.pathguard.network.plugins.plugin_utils.model.state import State
from ansible_collections.pathguard.network.plugins.plugin_utils.policy.commands import commands_of
from tests.integration.checkpoint_hosts import IPTABLES, LEGACY, SETS, host_with, rules
from tests.support.netns_host import NetnsHost

OF_NFT = "h() { nft -a list chain inet filter forward | grep -m1 -- \"$1\" | sed 's/.*handle //'; }; "
CHANGES = {
    "a rule added": "nft insert rule inet filter forward ip saddr 10.10.1.5 drop",
    "a rule replaced": OF_NFT
    + "nft replace rule inet filter forward handle $(h 5432) ip saddr 10.10.1.0/26 tcp dport 5433 accept",
    "a rule deleted": OF_NFT + "nft delete rule inet filter forward handle $(h 5432)",
    "the last rule deleted": OF_NFT + "nft delete rule inet filter forward handle $(h later)",
    "a rule moved": OF_NFT
    + "nft delete rule inet filter forward handle $(h banned); nft insert rule inet filter forward ip saddr @banned drop",
    "a default action flipped": "nft 'chain inet filter forward { policy accept; }'",
    "members deleted": "nft delete element inet filter clients '{ 10.10.2.7 }'",
    "a set that got a member": "nft add element inet filter clients '{ 10.77.0.0/16 }'",
    "a rule of iptables added": 'iptables-nft -I FORWARD -s 10.10.1.5 -m comment --comment "a \\"b\\" \'c\' \\$(id)" -j DROP',
    "a rule of iptables deleted": "iptables-nft -D FORWARD 1",
    "a rule of iptables replaced": "iptables-nft -R FORWARD 2 -p tcp -m multiport --dports 80,444 -m comment --comment 'web { x' -j ACCEPT",
    "a legacy rule deleted": "iptables-legacy -D FORWARD 1",
    "a policy of iptables flipped": "iptables-nft -P FORWARD ACCEPT",
    "members of an ipset exchanged": "ipset del app 10.10.1.5; ipset add app 10.10.1.15",
}


@pytest.fixture(scope="module")
def host() -> Iterator[NetnsHost]:
    with host_with(SETS, IPTABLES, LEGACY) as found:
        yield found


def state(host: NetnsHost) -> State:
    return gather(host, "linux", with_boot=False).state


@pytest.mark.parametrize("change", CHANGES)
def test_what_is_told_undoes_it(host: NetnsHost, change: str) -> None:
    listed, before = rules(host), state(host)
    host.sh(CHANGES[change])
    assert rules(host) != listed
    now = state(host)
    [only] = Undo(before, now).changes
    commands = commands_of(only, before, now)
    assert commands
    for command in commands:
        host.sh(command)
    assert rules(host) == listed
    assert Undo(before, state(host)).changes == []
