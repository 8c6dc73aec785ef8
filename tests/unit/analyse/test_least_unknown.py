# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""No more is unknown than must be, and no less: all truth values of all conditions that are not known, tried out."""

from __future__ import annotations

import itertools
from collections import Counter
from random import Random

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.analyse.evaluate import HostFirewall
from ansible_collections.pathguard.network.plugins.plugin_utils.model.flow import flows_from
from ansible_collections.pathguard.network.plugins.plugin_utils.model.flowset import Space
from ansible_collections.pathguard.network.plugins.plugin_utils.model.raw import RawOutput
from ansible_collections.pathguard.network.plugins.plugin_utils.parse import parse_platform

from .undecided import UndecidedIptables, UndecidedNft, UndecidedRuleset

# With every address in it: a rule that asks for another matches nothing.
_EVERYONE = "create everyone hash:net family inet\nadd everyone 0.0.0.0/1\nadd everyone 128.0.0.0/1\n"
_FILES = {UndecidedNft: "nft_script", UndecidedIptables: "iptables_nft"}


def flow(port: int, connection: str) -> dict[str, object]:
    flags = {"new": "syn", "established": "ack"}[connection]
    ends = {"src": "10.0.0.5", "dst": "10.1.0.9", "src_port": 40000, "dst_port": port, "protocol": "tcp"}
    more = {"in_interface": "in0", "out_interface": "out0", "mark": 0, "ct_mark": 0}
    return {**ends, **more, "connection": connection, "tcp_flags": flags}


FLOWS = [flow(port, connection) for port in (80, 443) for connection in ("new", "established")]


def verdicts(kind: type[UndecidedRuleset], text: str) -> list[str]:
    files = {_FILES[kind]: text, "ipset": _EVERYONE}
    outputs = {name: RawOutput(name, name, None, content) for name, content in files.items()}
    state = parse_platform("linux", "fw", outputs)
    assert state.firewall_known, state.unreadable
    space = Space()
    firewall = HostFirewall(state, space)
    return [firewall.hooks(("forward",), flows_from(space, one)).verdict for one in FLOWS]


def wanted(ruleset: UndecidedRuleset) -> list[str]:
    """Permit or deny where all truth values agree, else unknown."""
    keys = ruleset.keys
    answers = [
        verdicts(type(ruleset), ruleset.text(dict(zip(keys, values))))
        for values in itertools.product((False, True), repeat=len(keys))
    ]
    found = []
    for each in zip(*answers):
        assert "unknown" not in each, ruleset.text()
        found.append(each[0] if len(set(each)) == 1 else "unknown")
    return found


@pytest.mark.parametrize(
    "cases", [100, pytest.param(2000, marks=[pytest.mark.long, pytest.mark.timeout(900)])]
)
@pytest.mark.parametrize("kind", [UndecidedNft, UndecidedIptables])
def test_unknown_exactly_where_truth_values_matter(kind: type[UndecidedRuleset], cases: int) -> None:
    seen: Counter[str] = Counter()
    for number in range(cases):
        ruleset = kind(Random(f"undecided {kind.__name__} {number}"))
        if not ruleset.slots:
            continue
        expected = wanted(ruleset)
        told = verdicts(kind, ruleset.text())
        assert told == expected, f"{number}: {list(zip(FLOWS, told, expected))}\n{ruleset.text()}"
        seen.update(expected)
        seen["negated"] += any(negated for _words, _key, negated in ruleset.slots)
        seen["twice"] += len(ruleset.keys) < len(ruleset.slots)
    assert min(seen[name] for name in ("permit", "deny", "unknown")) > cases / 4, seen
    assert min(seen[name] for name in ("negated", "twice")) > cases / 8, seen
