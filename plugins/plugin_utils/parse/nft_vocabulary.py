# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The words of nft's language (nft(8)), to tell a word that is misspelt from one that is not known here.

nft loads a script as a whole or not at all: a word that it does not know refuses all of it.
"""

from __future__ import annotations

import difflib
import re

from . import nft_constants, nft_fields
from .nft_constants import listed

_MORE = listed("""
saddr daddr sport dport protocol version hdrlength dscp ecn length id frag-off ttl checksum nexthdr flowlabel hoplimit
sequence ackseq doff reserved flags window urgptr type code parameter-problem mtu gateway vlan pcp dei cfi ether arp
htype ptype hlen plen operation ip ip6 tcp udp udplite sctp dccp icmp icmpv6 igmp ah esp comp spi cpi inner accept
drop continue return jump goto counter packets bytes limit rate burst over until quota used second minute hour day
week kbytes mbytes last never reject with reset port-unreachable host-unreachable net-unreachable admin-prohibited
no-route addr-unreachable icmpx log prefix group snaplen queue-threshold level syslog-level flow offload dup fwd snat
dnat redirect masquerade fully-random random persistent set map vmap add update delete element timeout expires queue
num fanout bypass tproxy synproxy mss wscale timestamp sack-perm notrack meter size exists missing socket transparent
wildcard cgroupv2 osf name fib local unicast broadcast multicast anycast blackhole unreachable prohibit related
established new invalid untracked state helper count zone direction original reply mark expiration iifname oifname iif
oif skuid skgid comment elements interval constant dynamic auto-merge policy priority hook device
""")
_WORD = re.compile(r"[a-z][a-z0-9_-]{2,}", re.ASCII)
_ALIKE = 0.74


def vocabulary() -> frozenset[str]:
    return _MORE | nft_constants.RESERVED | nft_fields.KEYS | nft_fields.PAYLOADS.keys()


_ALL = vocabulary()
_SORTED = sorted(_ALL)


def meant(word: str) -> str:
    """The word of nft that a misspelt one is nearest to; empty for one that is a word, or is like none."""
    if word in _ALL or not _WORD.fullmatch(word):
        return ""
    return next(iter(difflib.get_close_matches(word, _SORTED, 1, _ALIKE)), "")
