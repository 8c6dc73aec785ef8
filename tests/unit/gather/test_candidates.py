# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Candidates as people give them: forms, kinds, and one clear error for what is none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.errors import ParseError
from ansible_collections.pathguard.network.plugins.plugin_utils.gather.candidates import (
    CandidateError,
    candidates_from,
    planned_states,
)
from ansible_collections.pathguard.network.plugins.plugin_utils.gather.snapshot import Snapshot
from ansible_collections.pathguard.network.plugins.plugin_utils.model.raw import RawOutput
from ansible_collections.pathguard.network.plugins.plugin_utils.parse.candidate import kinds
from ansible_collections.pathguard.network.plugins.plugin_utils.parse.candidate.given import Candidate

LISTING = """table inet fw { # handle 3
\tchain forward { # handle 1
\t\ttype filter hook forward priority filter; policy drop;
\t\ttcp dport 5432 accept # handle 2
\t\ttcp dport 22 accept # handle 4
\t}
}
"""
NOTHING = [
    RawOutput(name, name, 0, "", absent="none")
    for name in ("iptables_nft", "ip6tables_nft", "iptables_legacy", "ip6tables_legacy", "ipset")
]
SNAPSHOT = Snapshot(
    "fw1",
    "linux",
    "2026-11-23T04:00:00+00:00",
    {},
    [RawOutput("nft_text", "nft -a list ruleset", 0, LISTING), *NOTHING],
)


def rules(tmp_path: Path, given: Any) -> list[str]:
    candidates = candidates_from({"fw1": given}, tmp_path)
    state = planned_states({"fw1": SNAPSHOT}, candidates, ["fw1"])["fw1"]
    return [rule.text for rule in state.rulesets["inet/fw/forward"].rules]


def test_a_path_a_mapping_and_a_list(tmp_path: Path) -> None:
    (tmp_path / "a.nft").write_text("add rule inet fw forward tcp dport 1 accept\n")
    old = ["tcp dport 5432 accept", "tcp dport 22 accept"]
    assert rules(tmp_path, "a.nft") == [*old, "tcp dport 1 accept"]
    assert rules(tmp_path, str(tmp_path / "a.nft")) == [*old, "tcp dport 1 accept"]
    assert rules(tmp_path, {"text": "delete rule inet fw forward handle 2"}) == old[1:]
    both = [{"path": "a.nft", "kind": "nft"}, {"text": "flush chain inet fw forward"}, "a.nft"]
    assert rules(tmp_path, both) == ["tcp dport 1 accept"]


def test_files_that_a_script_includes_lie_beside_it(tmp_path: Path) -> None:
    (tmp_path / "more.d").mkdir()
    for number in (2, 1):
        (tmp_path / "more.d" / f"{number}.nft").write_text(
            f"add rule inet fw forward tcp dport {number} accept\n"
        )
    (tmp_path / "a.nft").write_text(
        'flush chain inet fw forward\ninclude "more.d/*.nft"\ninclude "none.d/*.nft"\n'
    )
    assert rules(tmp_path, "a.nft") == ["tcp dport 1 accept", "tcp dport 2 accept"]
    (tmp_path / "a.nft").write_text('flush ruleset\ninclude "gone.nft"\n')
    with pytest.raises(CandidateError, match=r"gone\.nft") as error:
        rules(tmp_path, "a.nft")
    assert error.value.where.endswith("a.nft, line 2")
    (tmp_path / "a.nft").write_text('include "a.nft"\n')
    with pytest.raises(CandidateError, match="include each other"):
        rules(tmp_path, "a.nft")


def test_rules_keep_their_handles_and_lines_tell_new_ones(tmp_path: Path) -> None:
    candidates = candidates_from(
        {"fw1": {"text": "\n\nadd rule inet fw forward udp dport 53 accept"}}, tmp_path
    )
    found = planned_states({"fw1": SNAPSHOT}, candidates, ["fw1"])["fw1"].rulesets["inet/fw/forward"].rules
    assert [(rule.handle, rule.line) for rule in found] == [(2, None), (4, None), (None, 3)]


@pytest.mark.parametrize(
    ("given", "what", "where"),
    [
        ({}, "must map hosts", "candidates"),
        ("fw1.nft", "must map hosts", "candidates"),
        ({"fw1": []}, "no candidate", "candidates.fw1"),
        ({"fw1": 5}, "not int", "candidates.fw1"),
        ({"fw1": {}}, "either a path or a text", "candidates.fw1"),
        ({"fw1": {"path": "a", "text": "b"}}, "either a path or a text", "candidates.fw1"),
        ({"fw1": {"file": "a"}}, "'file'", "candidates.fw1"),
        ({"fw1": {"text": "x", "kind": "nftables"}}, "'nftables'", "candidates.fw1"),
        ({"fw1": {"text": "x", "noflush": "yes"}}, "'yes'", "candidates.fw1"),
        ({"fw1": [{"text": "list ruleset"}, "gone.nft"]}, "can't be read", "candidates.fw1[1]"),
        ({"fw1": "/dev/zero"}, "is no file", "candidates.fw1: /dev/zero"),
        ({"fw9": {"text": "list ruleset"}}, "no snapshot of fw9", "candidates.fw9"),
        ({"fw1": {"text": ""}}, "empty", "candidates.fw1"),
        ({"fw1": {"text": "permit all please"}}, "kind", "candidates.fw1"),
        (
            {"fw1": {"text": "hostname r1\n", "kind": "lines"}},
            "no candidate of the kind lines",
            "candidates.fw1",
        ),
        (
            {"fw1": {"text": "flush ruleset\nadd rule ip x y drop"}},
            "ip/x is not there",
            "candidates.fw1, line 2",
        ),
        ({"fw1": {"text": "table inet fw {\n chain c {\n"}}, "cut short", "candidates.fw1, line"),
        ({"fw1": {"text": "monitor trace\n", "kind": "nft"}}, "not read", "candidates.fw1, line 1"),
    ],
)
def test_one_clear_error(tmp_path: Path, given: Any, what: str, where: str) -> None:
    with pytest.raises(CandidateError, match=what) as error:
        planned_states({"fw1": SNAPSHOT}, candidates_from(given, tmp_path), ["fw1"])
    assert error.value.where.startswith(where)
    assert error.value.todo
    assert len(str(error.value).splitlines()) <= 5


KINDS = {
    "flush ruleset\n": "nft",
    "#!/usr/sbin/nft -f\ntable inet fw {\n}\n": "nft",
    "add element inet fw s { 10.0.0.1 }\n": "nft",
    "create table inet x\n": "nft",
    "create web hash:ip family inet\nadd web 10.0.0.1\n": "ipset",
    "add web 10.0.0.1\n": "ipset",
    "swap a b\n": "ipset",
    "# Generated by ip6tables-save v1.8.9\n*filter\nCOMMIT\n": "ip6tables",
    "*filter\n-A INPUT -s 10.0.0.1 -j DROP\nCOMMIT\n": "iptables",
    "*filter\n-A INPUT -s fd00::1/128 -j DROP\nCOMMIT\n": "ip6tables",
}


@pytest.mark.parametrize("text", KINDS)
def test_a_text_tells_its_kind(text: str) -> None:
    assert kinds.of_linux(Candidate("text", text)) == KINDS[text]


def test_a_file_of_iptables_that_may_be_of_either_family_is_named_by_its_file_or_refused() -> None:
    text = "*filter\n:INPUT DROP [0:0]\nCOMMIT\n"
    assert kinds.of_linux(Candidate("/etc/iptables/rules.v6", text)) == "ip6tables"
    assert kinds.of_linux(Candidate("rules.v4", text)) == "iptables"
    with pytest.raises(ParseError, match="iptables or of ip6tables"):
        kinds.of_linux(Candidate("rules", text))


def test_secrets_of_lines_get_into_no_error(tmp_path: Path) -> None:
    running = RawOutput("running_config", "show running-config", 0, "version 15.2\nhostname r1\nend\n")
    router = Snapshot("r1", "cisco_ios", "2026-11-23T04:00:00+00:00", {}, [running])
    candidates = candidates_from(
        {"r1": {"text": "no username admin secret 5 HUSH\n", "kind": "lines"}}, tmp_path
    )
    with pytest.raises(CandidateError, match="nothing of the kind") as error:
        planned_states({"r1": router}, candidates, ["r1"])
    assert "username admin" in error.value.what
    assert "HUSH" not in str(error.value)


def test_an_unknown_host_is_told_with_the_nearest() -> None:
    candidates = {"fw01": [Candidate("it", "flush ruleset", "nft")]}
    with pytest.raises(CandidateError, match="no snapshot of fw01") as error:
        planned_states({}, candidates, ["app01", "fw1", "fw2"])
    assert "did you mean fw1?" in error.value.todo
    with pytest.raises(CandidateError) as error:
        planned_states({}, {"x": candidates["fw01"]}, [f"router{number:02}" for number in range(12)])
    assert "router11" in error.value.todo
