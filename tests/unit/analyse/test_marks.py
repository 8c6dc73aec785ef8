# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Marks that are written through masks, saved and restored: sets against single packets."""

from __future__ import annotations

from random import Random

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.analyse import marks
from ansible_collections.pathguard.network.plugins.plugin_utils.analyse.marks import Bits
from ansible_collections.pathguard.network.plugins.plugin_utils.analyse.verdicts import verdicts
from ansible_collections.pathguard.network.plugins.plugin_utils.model.flowset import FlowSet, Space
from ansible_collections.pathguard.network.plugins.plugin_utils.model.raw import RawOutput
from ansible_collections.pathguard.network.plugins.plugin_utils.model.rules import Effect
from ansible_collections.pathguard.network.plugins.plugin_utils.model.state import State
from ansible_collections.pathguard.network.plugins.plugin_utils.parse import parse_platform

FULL = 0xFFFFFFFF


def one(space: Space, mark: int, ct_mark: int) -> FlowSet:
    return space.everything.only("mark", ((mark, mark),)).only("ct_mark", ((ct_mark, ct_mark),))


@pytest.mark.parametrize("seed", range(20))
def test_before_and_after_agree_with_each_packet(seed: int) -> None:
    draw, space = Random(seed), Space()
    words = [0, 1, 0xFF00FF00, FULL, 0x0F0F0000, 0x80000001]
    forms = {name: Bits(draw.choice(words), draw.choice(words)) for name in marks.MARKS}
    numbers = [draw.choice((0, 1, 7, 0xFF, 0xDEADBEEF, FULL)) for _n in range(8)]
    asked = FlowSet(
        space,
        space.diagrams.union(
            space.masked("mark", draw.choice(numbers) & 0xFF, 0xFF),
            space.in_ranges("ct_mark", ((3, 0x00FFFFFF),)),
        ),
    )
    before = FlowSet(space, marks.before(space.diagrams, asked.node, forms))
    for mark in numbers:
        for ct_mark in numbers:
            came = one(space, mark, ct_mark)
            left = one(space, forms["mark"].of(mark), forms["ct_mark"].of(ct_mark))
            assert (came <= before) is (left <= asked), (mark, ct_mark)
            assert FlowSet(space, marks.after(space.diagrams, came.node, forms)) == left


def test_an_effect_reads_the_marks_as_they_are_by_now() -> None:
    save = Effect("set", field="ct_mark", value=0, bits=(("ct_mark", 0xFFFFFF00), ("mark", 0xF)))
    assert marks.written(save, {"mark": 0x37}) == Bits(0xFFFFFF00, 7)
    assert marks.written(save, {"mark": 0x37, "ct_mark": 0x120}) == 0x107
    assert marks.written(save, {"mark": None}) is None
    assert marks.written(save, {}) is None, "the other mark may be anything"


@pytest.mark.parametrize(
    "target",
    ["CONNMARK --save-mark", "CONNMARK --restore-mark", "CONNMARK --save-mark --nfmask 0xffff --ctmask 0xff"],
)
def test_a_mark_that_may_be_anything_and_is_copied_leaves_what_asks_for_it_unknown(target: str) -> None:
    """Which of billions of values it is would take as many nodes."""
    text = (
        f"*mangle\n:FORWARD ACCEPT [0:0]\n-A FORWARD -j {target}\nCOMMIT\n*filter\n:FORWARD DROP [0:0]\n"
        "-A FORWARD -m mark --mark 0x5/0xf -m connmark --mark 0x5/0xf -j ACCEPT\nCOMMIT\n"
    )
    fw = state(text)
    fw.firewall_known = True
    asked = {**FLOW, "mark": "0-4294967295", "ct_mark": "0-4294967295"}
    found = verdicts(fw, [asked], "forward")[0]
    assert any(part["verdict"] == "unknown" for part in found["parts"])
    assert verdicts(fw, [{**asked, "mark": 5, "ct_mark": 5}], "forward")[0]["verdict"] == "permit"
    assert verdicts(fw, [{**asked, "mark": 4, "ct_mark": 4}], "forward")[0]["verdict"] == "deny"


def state(rules: str) -> State:
    return parse_platform(
        "linux", "fw", {"iptables_nft": RawOutput("iptables_nft", "iptables-save", 0, rules)}
    )


FLOW = {"src": "10.0.0.1", "dst": "10.1.0.1", "protocol": "tcp", "dst_port": 22, "mark": 0, "ct_mark": 0}


@pytest.mark.parametrize(
    ("mangle", "question", "verdict"),
    [
        ("-j MARK --set-xmark 0x4000/0x4000", "-m mark --mark 0x4000/0x4000", "permit"),
        ("-j MARK --set-xmark 0x4000/0x4000", "-m mark ! --mark 0x4000/0x4000", "deny"),
        ("-j MARK --set-xmark 0x4000/0x4000", "-m mark --mark 0x0/0x1", "permit"),
        ("-j MARK --or-mark 0x3\n-A FORWARD -j MARK --and-mark 0x2", "-m mark --mark 0x2", "permit"),
        ("-j MARK --xor-mark 0x3\n-A FORWARD -j MARK --xor-mark 0x1", "-m mark --mark 0x2", "permit"),
        (
            "-j CONNMARK --set-xmark 0x5/0xff\n-A FORWARD -j CONNMARK --restore-mark",
            "-m mark --mark 0x5",
            "permit",
        ),
        (
            "-j MARK --set-mark 0x9\n-A FORWARD -j CONNMARK --save-mark --mask 0x1",
            "-m connmark --mark 0x1",
            "permit",
        ),
        ("-j CONNMARK --restore-mark --left-shift-mark 2", "-m mark --mark 0x0", "unknown"),
    ],
)
def test_rules_that_change_some_bits(mangle: str, question: str, verdict: str) -> None:
    text = (
        f"*mangle\n:FORWARD ACCEPT [0:0]\n-A FORWARD {mangle}\nCOMMIT\n"
        f"*filter\n:FORWARD DROP [0:0]\n-A FORWARD {question} -j ACCEPT\nCOMMIT\n"
    )
    fw = state(text)
    fw.firewall_known = True
    assert verdicts(fw, [FLOW], "forward")[0]["verdict"] == verdict


def test_a_mark_that_may_be_anything_splits_the_answer_exactly() -> None:
    text = (
        "*mangle\n:FORWARD ACCEPT [0:0]\n-A FORWARD -j MARK --set-xmark 0x1/0x3\nCOMMIT\n"
        "*filter\n:FORWARD DROP [0:0]\n-A FORWARD -m mark --mark 0x5/0x7 -j ACCEPT\nCOMMIT\n"
    )
    fw = state(text)
    fw.firewall_known = True
    asked = {key: item for key, item in FLOW.items() if key != "mark"}
    for mark in range(8):
        wanted = "permit" if mark & 4 else "deny"
        assert verdicts(fw, [{**asked, "mark": mark}], "forward")[0]["verdict"] == wanted
    assert verdicts(fw, [{**asked, "mark": "0-4294967295"}], "forward")[0]["verdict"] == "mixed"
