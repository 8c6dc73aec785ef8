# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a candidate would make of the rules that run, against what the kernel has once it is loaded."""

from __future__ import annotations

from functools import cache
from random import Random
from typing import Any

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.errors import ParseError
from ansible_collections.pathguard.network.plugins.plugin_utils.model.raw import RawOutput
from ansible_collections.pathguard.network.plugins.plugin_utils.model.state import State
from ansible_collections.pathguard.network.plugins.plugin_utils.parse import parse_platform
from ansible_collections.pathguard.network.plugins.plugin_utils.parse.candidate import linux_host
from ansible_collections.pathguard.network.plugins.plugin_utils.parse.candidate.given import Candidate
from tests.kernel.generate_edits import NftEdits
from tests.kernel.settings import RULESETS, SEED, needs_root
from tests.kernel.test_nft_text import moved
from tests.kernel.world import World

pytestmark = needs_root(RULESETS)
LISTS = {
    "nft_json": "nft -j list ruleset",
    "nft_text": "nft -a list ruleset",
    "iptables_nft": "iptables-nft-save",
    "ip6tables_nft": "ip6tables-nft-save",
    "ipset": "ipset save",
}


def outputs(world: World, variant: str = "nft") -> dict[str, RawOutput]:
    lists = {**LISTS, "iptables_legacy": "iptables-legacy-save"} if variant == "legacy" else LISTS
    return {
        name: RawOutput(name, command, 0, str(world.fw.run(command)["stdout"]))
        for name, command in lists.items()
    }


@cache
def listed(_text: str, world: World) -> dict[str, RawOutput]:
    return outputs(world)


def loaded(world: World) -> dict[str, RawOutput]:
    """The old rules in the kernel, and what the tools print of them: the same each time, but for the tables' handles."""
    world.clear()
    world.fw.run("nft -f -", stdin=OLD)
    return listed(OLD, world)


def test_nothing_is_nothing(world: World) -> None:
    unchanged(loaded(world))


def structure(state: State) -> dict[str, Any]:
    """The chains with what they have beside their rules, and the handles of the rules that nothing changed."""
    found: dict[str, Any] = {}
    for key, item in state.rulesets.items():
        found[key] = (
            item.hook,
            item.priority,
            item.type,
            item.default_action,
            len({rule.position for rule in item.rules}),
        )
    for key, chain in state.chains.items():
        found[key] = len({rule.position for rule in chain.rules})
    return found


def same(world: World, before: dict[str, RawOutput], script: str) -> None:
    """What is planned is what the kernel has once the script is loaded."""
    planned = linux_host.planned("fw", before, [Candidate("script", script)])
    world.fw.run("nft -f -", stdin=script)
    after = parse_platform("linux", "fw", outputs(world))
    assert structure(planned) == structure(after)
    assert moved(planned, after) == []
    assert [item for item in planned.not_understood if item not in after.not_understood] == []


def unchanged(before: dict[str, RawOutput]) -> None:
    """A candidate that changes nothing leaves the state that there is, word for word."""
    now = parse_platform("linux", "fw", before)
    nothing = linux_host.planned("fw", before, [Candidate("nothing", "list ruleset\n", "nft")])
    assert nothing.rulesets == now.rulesets
    assert nothing.chains == now.chains
    assert nothing.sets == now.sets


OLD = """
table inet fw {
  set hosts { type ipv4_addr; elements = { 10.0.0.5, 10.0.0.7 } }
  set nets { type ipv4_addr; flags interval; auto-merge; elements = { 10.0.0.0/24, 10.0.3.0-10.0.3.9 } }
  map doors { type inet_service : verdict; elements = { 22 : accept, 23 : jump own } }
  chain own { tcp dport 5432 accept; }
  chain spare { ip saddr 10.9.0.0/16 drop; }
  chain forward {
    type filter hook forward priority filter; policy drop;
    ct state established,related accept
    ip saddr @hosts tcp dport 22 accept
    tcp dport vmap @doors
    ip saddr @nets jump own
    udp dport 53 accept
  }
}
table ip nat {
  chain post { type nat hook postrouting priority srcnat; ip saddr 10.0.0.0/24 masquerade; }
}
"""
SCRIPTS = {
    "flush": "flush ruleset\ntable inet t { chain c { type filter hook forward priority 0; policy accept; tcp dport 22 drop; }; }\n",
    "flush one family": "flush ruleset ip\n",
    "add by a block": "table inet fw {\n chain forward { tcp dport 443 accept; }\n set hosts { type ipv4_addr; elements = { 10.0.0.9 } }\n}\n",
    "policy alone": "table inet fw { chain forward { policy accept; }; }\n",
    "policy by add chain": "add chain inet fw forward { type filter hook forward priority 0; policy accept; }\n",
    "insert and add": "insert rule inet fw forward tcp dport 1 accept\nadd rule inet fw forward tcp dport 2 accept\n",
    "index": "insert rule inet fw forward index 2 tcp dport 1 accept\nadd rule inet fw forward index 2 tcp dport 2 accept\n",
    "by handle": "delete rule inet fw forward handle {h1}\nadd rule inet fw forward handle {h0} tcp dport 9 drop\n"
    "insert rule inet fw forward position {h0} tcp dport 8 drop\nreplace rule inet fw forward handle {h2} udp dport 99 drop\n",
    "variables": "define net = 10.1.0.0/16\ntable inet fw { define p = { 1, 2 }\n chain forward { ip saddr $net tcp dport $p drop; }; }\n",
    "flush chain": "flush chain inet fw own\nadd rule inet fw own tcp dport 5432 ip saddr 10.0.0.0/26 accept\n",
    "flush table": "flush table inet fw\n",
    "delete table": "delete table ip nat\n",
    "delete and again": "table inet fw\ndelete table inet fw\ntable inet fw { chain forward { type filter hook forward priority 5; accept; }; }\n",
    "elements": "add element inet fw hosts { 10.0.0.5, 10.0.0.11 }\ndelete element inet fw hosts { 10.0.0.7 }\n",
    "merged intervals": "add element inet fw nets { 10.0.3.5-10.0.3.20, 10.0.9.0/24 }\ndelete element inet fw nets { 10.0.0.0-10.0.0.255 }\n",
    "map": "add element inet fw doors { 80 : drop }\ndelete element inet fw doors { 22 }\n",
    "flush set": "flush set inet fw hosts\nadd element inet fw hosts { 10.0.0.99 }\n",
    "dormant": "table inet fw { flags dormant; }\n",
    "delete chain": "delete chain inet fw spare\n",
    "delete a chain with rules": "delete chain inet fw forward\n",
    "rename": "rename chain inet fw own mine\n",
    "new chain and jump": "table inet fw {\n chain forward { jump late; }\n chain late { tcp dport 7 accept; }\n}\n",
    "braces": "add rule inet fw forward tcp dport 70 jump { ip saddr 10.0.0.1 accept; drop; }\n",
    "two bases": "table inet fw { chain early { type filter hook forward priority -5; policy accept; tcp dport 22 drop; }; }\n",
    "a rule that is no match of ours": "add rule inet fw forward meta cgroup 5 accept\n",
    "create": "create table ip more\ncreate chain ip more c\ncreate element inet fw hosts { 10.0.0.50 }\n",
    "counter": "table inet fw { counter c { }\n chain forward { counter name c tcp dport 1 accept; }; }\n",
    "list": "list ruleset\nadd rule inet fw forward accept\n",
    "comments": "# a comment\nadd rule inet fw forward tcp dport 4 accept comment \"delete rule # handle 3\"; add rule inet fw forward drop\n",
}  # fmt: skip


@pytest.mark.parametrize("name", SCRIPTS)
def test_scripts(world: World, name: str) -> None:
    before = loaded(world)
    now = parse_platform("linux", "fw", before).rulesets["inet/fw/forward"].rules
    handles = list(dict.fromkeys(str(rule.handle) for rule in now))
    script = SCRIPTS[name]
    for number in range(3):
        script = script.replace(f"{{h{number}}}", handles[number])
    same(world, before, script)


@pytest.mark.parametrize("number", range(max(RULESETS // 3, 1)))
def test_random_scripts(world: World, number: int) -> None:
    draw = Random(SEED + 9_000_000 + number)
    edits = NftEdits(draw, ("forward", "input", "output")[number % 3])
    world.clear()
    world.fw.run("nft -f -", stdin=edits.text)
    before = outputs(world)
    unchanged(before)
    now = parse_platform("linux", "fw", before)
    scripts = (edits.script(now) for _try in range(20))
    # nft 1.0.6 aborts over some that replace a rule, and loses sets that are made anew in the middle.
    same(
        world,
        before,
        next(one for one in scripts if not world.fw.run("nft -c -f -", stdin=one, check=False)["rc"]),
    )


REFUSED = {
    "no table": "add rule inet none forward accept\n",
    "no chain": "add rule inet fw none accept\n",
    "no handle": "delete rule inet fw forward handle 4711\n",
    "no target": "add rule inet fw forward jump none\n",
    "no set": "add rule inet fw forward ip saddr @none accept\n",
    "no element": "delete element inet fw hosts { 10.0.0.99 }\n",
    "part of no interval": "delete element inet fw nets { 10.0.0.0/23 }\n",
    "part of a merged interval": "delete element inet fw nets { 10.0.0.64/26 }\n",
    "merged by the script": "add element inet fw nets { 10.0.1.0/24 }\ndelete element inet fw nets { 10.0.0.0/24 }\n",
    "element elsewhere": "add element inet fw doors { 22 : drop }\n",
    "table there": "create table inet fw\n",
    "chain there": "create chain inet fw own\n",
    "element there": "create element inet fw hosts { 10.0.0.5 }\n",
    "chain in use": "delete chain inet fw own\n",
    "set in use": "delete set inet fw hosts\n",
    "table gone": "delete table inet none\n",
    "chain gone": "delete chain inet fw none\n",
    "another hook": "add chain inet fw forward { type filter hook input priority 0; }\n",
    "a base of a plain chain": "add chain inet fw own { type filter hook input priority 0; }\n",
    "another type": "add set inet fw hosts { type ipv6_addr; }\nadd element inet fw hosts { fd00::1 }\n",
    "index": "add rule inet fw forward index 77 accept\n",
    "flush of nothing": "flush chain inet fw none\n",
    "half": "table inet fw {\n chain forward {\n  accept\n",
    "no command": "please accept all\n",
    "rename onto": "rename chain inet fw own spare\n",
    "include": 'include "/nonexistent/rules.nft"\n',
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_nft_refuses_is_an_error(world: World, name: str) -> None:
    before = loaded(world)
    assert world.fw.run("nft -f -", stdin=REFUSED[name], check=False)["rc"]
    with pytest.raises(ParseError, match=r"."):
        linux_host.planned("fw", before, [Candidate("script", REFUSED[name])])


IPTABLES_OLD = """
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:OWN - [0:0]
:SPARE - [0:0]
-A FORWARD -m conntrack --ctstate ESTABLISHED -j ACCEPT
-A FORWARD -s 10.0.0.0/24 -p tcp -m tcp --dport 5432 -j OWN
-A FORWARD -p udp -m udp --dport 53 -j ACCEPT
-A OWN -d 10.1.0.0/24 -j ACCEPT
-A OWN -j RETURN
COMMIT
*nat
:PREROUTING ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A POSTROUTING -s 10.0.0.0/24 -j MASQUERADE
COMMIT
"""
IPTABLES = {
    "flush": ("*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [5:50]\n:OUTPUT ACCEPT [0:0]\n[1:60] -A FORWARD -p tcp --dport 22 -j DROP\nCOMMIT\n", False),
    "chains left out": ("*filter\n-A FORWARD -s 10.0.0.1 -j DROP\nCOMMIT\n", False),
    "another table": ("*mangle\n-A PREROUTING -s 10.0.0.1 -j MARK --set-mark 1\nCOMMIT\n", False),
    "append": ("*filter\n-A FORWARD -p tcp --dport 1 -j ACCEPT\n-A OWN -j ACCEPT\nCOMMIT\n", True),
    "insert": ("*filter\n-I FORWARD -p tcp --dport 1 -j ACCEPT\n-I FORWARD 3 -p tcp --dport 2 -j ACCEPT\nCOMMIT\n", True),
    "delete": ("*filter\n-D FORWARD 1\n-D FORWARD -p udp --dport 53 -j ACCEPT\n-D OWN -d 10.1.0.0/24 -j ACCEPT\nCOMMIT\n", True),
    "replace": ("*filter\n-R FORWARD 2 -s 10.0.0.0/26 -p tcp --dport 5432 -j OWN\n-P FORWARD ACCEPT\nCOMMIT\n", True),
    "declared chain is emptied": ("*filter\n:FORWARD ACCEPT [0:0]\n:OWN - [0:0]\n:NEW - [0:0]\n-A OWN -j NEW\n-A NEW -j ACCEPT\nCOMMIT\n", True),
    "chains": ("*filter\n-N A\n-A A -j ACCEPT\n-I FORWARD -g A\n-E OWN MINE\n-F SPARE\n-X SPARE\n-Z\nCOMMIT\n", True),
    "nat": ("*nat\n-F POSTROUTING\n-A PREROUTING -p tcp --dport 80 -j DNAT --to-destination 10.1.0.9:8080\nCOMMIT\n", True),
    "both tables": ("*nat\n:POSTROUTING ACCEPT [0:0]\nCOMMIT\n*filter\n:INPUT DROP [0:0]\n-A INPUT -i lo -j ACCEPT\nCOMMIT\n", False),
}  # fmt: skip


# Where both variants may differ: what is emptied, and how.
LEGACY = ("flush", "chains left out", "declared chain is emptied", "chains")


@pytest.mark.parametrize(
    ("variant", "name"), [*(("nft", name) for name in IPTABLES), *(("legacy", name) for name in LEGACY)]
)
def test_files_of_iptables(world: World, name: str, variant: str) -> None:
    script, noflush = IPTABLES[name]
    command = f"iptables-{variant}-restore"
    world.clear()
    world.fw.run(command, stdin=IPTABLES_OLD)
    before = outputs(world, variant)
    planned = linux_host.planned("fw", before, [Candidate("rules.v4", script, noflush=noflush)])
    world.fw.run(f"{command} {'--noflush' if noflush else ''}", stdin=script)
    after = parse_platform("linux", "fw", outputs(world, variant))
    assert structure(planned) == structure(after)
    assert moved(planned, after) == []
    assert {key: [rule.match for rule in item.rules] for key, item in planned.rulesets.items()} == {
        key: [rule.match for rule in item.rules] for key, item in after.rulesets.items()
    }


UPON_IPTABLES = {
    "a rule more, a table less": "insert rule ip filter FORWARD ip saddr 10.0.0.9 drop\ndelete table ip nat\n",
    "another rule in the place of one": "delete rule ip filter FORWARD handle {h}\nadd rule ip filter FORWARD udp dport 54 accept\n",
    "all of it gone": "flush ruleset\ntable inet fw { chain c { type filter hook forward priority 0; policy drop; }; }\n",
    "nothing of it": "table inet fw { chain c { type filter hook forward priority 0; policy drop; }; }\n",
}  # fmt: skip


@pytest.mark.parametrize("name", UPON_IPTABLES)
def test_nft_upon_tables_of_iptables(world: World, name: str) -> None:
    """A table that nft changes is no longer as iptables showed it; one that it leaves alone is."""
    world.clear()
    world.fw.run("iptables-nft-restore", stdin=IPTABLES_OLD)
    before = outputs(world)
    unchanged(before)
    listing = before["nft_text"].stdout
    last = next(line for line in listing.splitlines() if "udp dport 53" in line)
    script = UPON_IPTABLES[name].replace("{h}", last.rpartition(" ")[2])
    planned = linux_host.planned("fw", before, [Candidate("script", script)])
    world.fw.run("nft -f -", stdin=script)
    after = parse_platform("linux", "fw", outputs(world))
    assert moved(planned, after) == []
    now = parse_platform("linux", "fw", before)
    assert moved(now, planned)
    changed = {"a rule more, a table less", "another rule in the place of one"}
    key = "ip/filter/FORWARD" if name in changed else "iptables/filter/FORWARD"
    assert (key in planned.rulesets) == (name != "all of it gone")


def test_several_candidates_come_one_after_the_other(world: World) -> None:
    world.clear()
    world.fw.run("nft -f -", stdin=OLD)
    files = [
        ("ipset restore", "sets", "create web hash:ip family inet\nadd web 10.0.0.5\nadd web 10.0.0.6\ndel web 10.0.0.6\n"),
        ("iptables-nft-restore", "rules.v4", "*filter\n-A FORWARD -m set --match-set web src -j DROP\nCOMMIT\n"),
        ("nft -f -", "script", "add rule inet fw forward tcp dport 443 accept\n"),
    ]  # fmt: skip
    planned = linux_host.planned(
        "fw", outputs(world), [Candidate(source, text) for _load, source, text in files]
    )
    for load, _source, text in files:
        world.fw.run(load, stdin=text)
    after = parse_platform("linux", "fw", outputs(world))
    assert structure(planned) == structure(after)
    assert moved(planned, after) == []
    assert planned.sets["ipset/web"].elements == after.sets["ipset/web"].elements
