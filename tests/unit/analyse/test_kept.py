# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an analysis has worked out goes with it: a monitor asks round after round, for weeks."""

from __future__ import annotations

import gc

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.analyse.evaluate import HostFirewall
from ansible_collections.pathguard.network.plugins.plugin_utils.analyse.network import Network
from ansible_collections.pathguard.network.plugins.plugin_utils.analyse.replies import answers, questions
from ansible_collections.pathguard.network.plugins.plugin_utils.model import flowset
from ansible_collections.pathguard.network.plugins.plugin_utils.model.flow import flows_from
from ansible_collections.pathguard.network.plugins.plugin_utils.model.flowset import Space
from ansible_collections.pathguard.network.plugins.plugin_utils.policy.read import load_policy
from ansible_collections.pathguard.network.plugins.plugin_utils.policy.validate import validate
from tests.support.states import GROUPS, match, small_lab

POLICY = {
    "requiredPaths": [
        {"name": "p", "from": {"group": "app"}, "to": {"group": "db_primary"}, "service": "postgresql"}
    ]
}


def alive(kind: type) -> int:
    gc.collect()
    return sum(isinstance(one, kind) for one in gc.get_objects())


def test_nothing_is_kept_of_a_proof() -> None:
    before = alive(Space), alive(Network)
    report = validate(load_policy(POLICY), small_lab(), GROUPS)
    assert report["paths"][0]["status"] == "open"
    assert (alive(Space), alive(Network)) == before


def test_replies_of_a_scratch_are_not_taken_for_others() -> None:
    """Its diagrams' numbers are given again to what comes next."""
    space = Space()
    for port in (22, 80, 443):
        with space.scratch():
            there = flows_from(
                space, {"protocol": "tcp", "src": "192.0.2.1", "dst": "192.0.2.2", "dst_port": port}
            )
            back = answers(there)
            assert back.ranges("src_port") == ((port, port),)
            assert questions(back) == there


def test_what_was_kept_anew_in_a_scratch_goes_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was kept before may have been forgotten meanwhile, to make room."""
    monkeypatch.setattr(flowset, "_MOST_TOLD", 3)
    space = Space()

    def ports(number: int) -> flowset.Ranges:
        return space.everything.only("dst_port", ((number, number),)).ranges("dst_port")

    assert [ports(number) for number in (1, 2, 3)] == [((1, 1),), ((2, 2),), ((3, 3),)]
    with space.scratch():
        assert ports(22) == ((22, 22),)
    assert ports(443) == ((443, 443),)


def test_a_match_that_was_made_anew_in_a_scratch_goes_with_it() -> None:
    """A name that became known since makes all of them anew."""
    space = Space()
    firewall = HostFirewall(small_lab()["fw1"], space)
    firewall.matched(match(src="192.0.2.0/24"))
    space.learn("in_interface", ["elsewhere"])
    asked = match(proto="udp", dport=53)
    with space.scratch():
        firewall.matched(asked)
    space.everything.only("dst_port", ((99, 99),))
    expected = space.everything.only("protocol", ((17, 17),)).only("dst_port", ((53, 53),))
    assert firewall.matched(asked) == expected
