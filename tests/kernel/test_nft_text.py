# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""nft's text against nft's JSON of the same rules in the same kernel: one state, whichever of both is read."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.analyse.diffdata import firewall_difference
from ansible_collections.pathguard.network.plugins.plugin_utils.model.raw import RawOutput
from ansible_collections.pathguard.network.plugins.plugin_utils.model.state import State
from ansible_collections.pathguard.network.plugins.plugin_utils.parse import nft_script, parse_platform
from tests.kernel import constructs_nft as constructs
from tests.kernel.generate_nft import NftRuleset
from tests.kernel.generate_paths import NftPaths
from tests.kernel.settings import RULESETS, SEED, needs_root
from tests.kernel.world import World

FIXTURE = Path(__file__).resolve().parents[1] / "fixtures" / "linux" / "constructs.nft"
LISTS = {"json": "nft -j list ruleset", "handles": "nft -a list ruleset", "plain": "nft list ruleset"}

pytestmark = needs_root(RULESETS * 2)


def listed(world: World, script: str) -> dict[str, str]:
    """What nft prints once the script is loaded."""
    world.clear()
    world.fw.run("nft -f -", stdin=script)
    return {name: str(world.fw.run(command)["stdout"]) for name, command in LISTS.items()}


def state(**texts: str) -> State:
    found = parse_platform(
        "linux", "fw", {name: RawOutput(name, name, None, text) for name, text in texts.items()}
    )
    assert found.firewall_known, found.unreadable
    return found


_COUNTED = re.compile(r"\bcounter packets \d+ bytes \d+")


def shown(found: State) -> tuple[dict[str, Any], ...]:
    """The rules and sets of a state, without how a rule is told from others, and without what packets counted: the
    namespace's own may come between two listings."""
    document = found.to_dict()
    for kind in ("rulesets", "chains"):
        for chain in document[kind].values():
            for rule in chain["rules"]:
                rule.pop("handle", None)
                rule.pop("line", None)
                rule["text"] = _COUNTED.sub("counter", rule["text"])
    for named in document["sets"].values():  # nft 1.0.6 leaves this flag out of its JSON
        named.pop("dynamic", None)
    return document["rulesets"], document["chains"], document["sets"]


def moved(before: State, after: State) -> list[dict[str, Any]]:
    """Flows that fare otherwise, for certain or not; what is unknown before and after may be told in other words."""
    found = []
    for entry in firewall_difference(before, after):
        parts = [
            entry["gained"],
            entry["lost"],
            *entry["became_unknown"].values(),
            *entry["became_known"].values(),
        ]
        found += [part for part in parts if part["flows"]]
    return found


def same(world: World, script: str) -> int:
    """The number of rules that are the same from JSON, from both listings, and from the script itself."""
    texts = listed(world, script)
    from_json = state(nft_json=texts["json"], nft_text=texts["handles"])
    assert shown(state(nft_text=texts["handles"])) == shown(from_json)
    assert shown(state(nft_text=texts["plain"])) == shown(from_json)
    assert " # handle 1\n" not in texts["plain"]
    from_script = state(nft_script=script)
    assert moved(from_json, from_script) == []
    chains = [*from_json.rulesets.values(), *from_json.chains.values()]
    return sum(len({rule.position for rule in chain.rules}) for chain in chains)


def scripts() -> Iterator[tuple[str, str]]:
    for number in range(RULESETS):
        draw = Random(SEED + 7_000_000 + number)
        hook = ("forward", "input", "output")[number % 3]
        yield f"rules {number}", NftRuleset(draw, hook).text
        if number % 2:
            yield f"paths {number}", NftPaths(draw).text


@pytest.mark.parametrize(("name", "script"), scripts(), ids=lambda value: value if len(value) < 40 else "")
def test_generated_rulesets(world: World, name: str, script: str) -> None:
    assert same(world, f"{script}\n") > 0, name


def test_every_construct_of_the_fixture(world: World) -> None:
    assert same(world, FIXTURE.read_text(encoding="utf-8")) > 60


SCRIPT = """
define net = 10.0.0.0/23
define ports = { 80, 8000-8010 }
define link = "in0"
table inet t {
  set hosts { type ipv4_addr; elements = { 10.0.0.5 } }
  chain own { tcp dport { 22, \\
      443 } accept; ip6 saddr fd00::/64 drop; }
  chain forward {
    type filter hook forward priority filter + 5; policy drop
    iifname $link ip saddr { $net, 10.0.3.0/24 } tcp dport $ports accept
    ct state vmap { established : accept, invalid : drop }; tcp flags & (fin | syn) == syn meta mark set mark or 0x4
    mark and 0x4 == 4 ip saddr != @hosts ip protocol tcp jump own
    meta l4proto icmp icmp type { 8, echo-reply } accept
  }
}
add element inet t hosts { 10.0.0.9, 10.0.0.11 }
delete element inet t hosts { 10.0.0.5 }
add chain inet t more { type filter hook input priority -10; policy accept; }
add rule inet t more tcp dport ssh ip daddr 10.2.0.9/25 drop
insert rule inet t more udp dport domain accept
add rule inet t more index 0 udp dport != 0-1023 drop
table ip gone {
  chain forward { type filter hook forward priority 0; policy drop; }
}
delete table ip gone
"""


def test_a_script_comes_to_what_the_kernel_has(world: World) -> None:
    assert same(world, SCRIPT) == 10


def test_each_construct_by_itself(world: World) -> None:
    """What `nft -j` prints of a rule, word for word: also where nobody knows yet what that means for a flow."""
    lines = [
        *constructs.KNOWN_MATCHES,
        *constructs.UNKNOWN_MATCHES,
        *(part.strip() for rule in (*constructs.KNOWN_RULES, *constructs.UNKNOWN_RULES) for part in rule.split(";")),
    ]  # fmt: skip
    world.clear()
    chains = "chain aside { }\nchain forward { type filter hook forward priority 0; }\n"
    nat = "chain pre { type nat hook prerouting priority -100; }\nchain post { type nat hook postrouting priority 100; }\n"
    world.fw.run("nft -f -", stdin=f"table inet t {{\n{constructs.OBJECTS}\n{chains}{nat}}}\n")
    refused = []
    for line in dict.fromkeys(lines):
        rule = line.replace("{four}", "10.1.0.1").replace("{six}", "fd00:1::1")
        done = (world.fw.run("nft -f -", stdin=f"add rule inet t {chain} {rule}\n", check=False) for chain in ("forward", "pre", "post"))  # fmt: skip
        if all(one["rc"] for one in done):
            refused.append(line)
    assert len(refused) < len(lines) / 10, refused
    printed = json.loads(world.fw.run(LISTS["json"])["stdout"])["nftables"]
    read = nft_script.read(str(world.fw.run(LISTS["handles"])["stdout"]), "text", True).objects
    theirs, ours = (
        {item["rule"]["handle"]: item["rule"]["expr"] for item in objects if "rule" in item}
        for objects in (printed, read)
    )
    assert ours.keys() == theirs.keys()
    differ = [(theirs[handle], ours[handle]) for handle in theirs if ours[handle] != theirs[handle]]
    braces = [
        one for one in differ if isinstance(one[0][-1], str)
    ]  # nft 1.0.6 prints rules in braces as text
    assert [one for one in differ if one not in braces] == []
