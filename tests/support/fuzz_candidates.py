# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Damaged candidates upon whole hosts: each comes to a state that is known, or is refused."""

from __future__ import annotations

import json
from collections.abc import Callable

from ansible_collections.pathguard.network.plugins.plugin_utils.model.state import State
from ansible_collections.pathguard.network.plugins.plugin_utils.parse.candidate import plan
from ansible_collections.pathguard.network.plugins.plugin_utils.parse.candidate.given import Candidate
from ansible_collections.pathguard.network.plugins.plugin_utils.parse.candidate.merge import MERGES

from . import fuzz_seeds as seeds
from .fuzz import Mutator
from .fuzz_devices import CONFIGURATIONS

_NFT = """
define net = { 10.0.0.0/8, 192.0.2.0/24 }
table inet fw {
  set more { type ipv4_addr . inet_service; flags interval; elements = { 10.0.0.0/8 . 80-90 } }
  map where { type inet_service : verdict; elements = { 22 : accept } }
  chain forward { ip saddr $net tcp dport 443 accept; jump late; }
  chain late { ip saddr . tcp dport @more drop; tcp dport vmap @where; }
}
insert rule inet fw forward index 0 tcp dport 1 accept
delete rule inet fw forward handle 5
replace rule inet fw forward handle 6 drop
add rule inet fw late position 9 accept
add element inet fw more { 10.1.0.0/16 . 1-9 }
delete element inet fw where { 22 }
flush set inet fw more
rename chain inet fw late later
create table ip x
delete table ip x
destroy table ip none
flush ruleset
"""
_IPTABLES = """
*filter
:INPUT DROP [0:0]
:OWN - [0:0]
-A OWN -s 10.0.0.0/8 -p tcp -m tcp --dport 22 -j ACCEPT
-I FORWARD 1 -j OWN
-D FORWARD 1
-R OWN 1 -s fd00::1 -j DROP
-P FORWARD ACCEPT
-N MORE
-E MORE LESS
-F LESS
-X LESS
COMMIT
*nat
-A POSTROUTING -s 10.0.0.0/8 -m comment --comment "a \\"b\\"" -j MASQUERADE
COMMIT
"""
_IPSET = """
create web hash:ip family inet
add web 10.0.0.5
create nets hash:net,port family inet6 timeout 0
add nets fd00::/64,tcp:80 timeout 5
swap web nets
rename web other
del other fd00::/64,tcp:80
flush other
destroy other
"""
_LINUX = (("nft", _NFT), ("iptables", _IPTABLES), ("ip6tables", _IPTABLES), ("ipset", _IPSET))


def _linux(mutator: Mutator) -> State:
    draw = mutator.draw
    texts = seeds.HOSTS[draw.choice(sorted(seeds.HOSTS))]
    kind, text = draw.choice(_LINUX)
    candidate = Candidate("it", mutator.text(text), draw.choice((kind, kind, "auto")), draw.random() < 0.5)
    return plan.planned("linux", "fw1", seeds.outputs(dict(texts)), [candidate])


def _device(mutator: Mutator) -> State:
    draw = mutator.draw
    platform = draw.choice(sorted(MERGES))
    running = CONFIGURATIONS[platform]
    lines = running.splitlines()
    at = draw.randrange(len(lines))
    some = [draw.choice(("", "", "no ", "delete ")) + line.lstrip() for line in lines[at : at + 8]]
    text = mutator.text("\n".join(some) + "\n")
    kind = draw.choice(("lines", "lines", "auto"))
    outputs = seeds.outputs({"running_config": running})
    return plan.planned(platform, "r1", outputs, [Candidate("it", text, kind)])


def _planned(make: Callable[[Mutator], State]) -> Callable[[Mutator], None]:
    def run(mutator: Mutator) -> None:
        state = make(mutator)
        assert state.firewall_known, "a candidate must not make the rules unknown without a word"
        shown = json.loads(json.dumps(state.to_dict()))
        assert State.from_dict(shown).to_dict() == shown

    return run


CANDIDATES = {"linux candidate": _planned(_linux), "device candidate": _planned(_device)}
