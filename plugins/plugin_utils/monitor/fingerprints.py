# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a host is as it was, told from what its commands print, without parsing it.

What packets and time alone change is left out: counters, what is left of a timeout or quota, dates of a dump, the
connections that are being tracked, what listens. Handles count: a cure is told by them. Anything else that differs
makes another digest: one too many costs a proof, one too few would hide a fault, so only what is listed here is left
out.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping

from ..model.raw import RawOutput
from ..model.state import State

# nft(8): counters, quotas, the time that is left of an element's timeout, when a rule was used last.
_NFT = re.compile(
    r"(?<=counter )packets \d+ bytes \d+|(?<= )used \d+ \w+|(?<=last used )\w+|(?<= )expires \w+"
    r"|^\s*packets \d+ bytes \d+$",
    re.MULTILINE,
)
_NFT_JSON = re.compile(r'"(?:packets|bytes|used|expires)": \d+')
# iptables-save(8): counters of rules and chains, the dates of the dump.
_SAVE = re.compile(r"^\[\d+:\d+\] | \[\d+:\d+\]$|^#.*$", re.MULTILINE)
# ipset(8): what is left of a member's timeout, its counters.
_IPSET = re.compile(r"(?<= )(?:timeout|packets|bytes) \d+(?= |$)")
# ip-address(8), ip-route(8), ip-link(8): lifetimes, timers of bridges.
_TIMES = re.compile(
    r'"(?:valid_life_time|preferred_life_time|expires|used|age|\w+_timer|topology_change\w*)": ?[\d.]+'
)
_COUNTS = re.compile(r"^net\.netfilter\.nf_conntrack_count .*$", re.MULTILINE)

_LEFT_OUT: dict[str, re.Pattern[str]] = {
    "nft_json": _NFT_JSON,
    "nft_text": _NFT,
    "iptables_nft": _SAVE,
    "ip6tables_nft": _SAVE,
    "iptables_legacy": _SAVE,
    "ip6tables_legacy": _SAVE,
    "links": _TIMES,
    "addresses": _TIMES,
    "routes4": _TIMES,
    "routes6": _TIMES,
    "sysctl": _COUNTS,
}
# Whether somebody listens is for new connections to tell.
_NOT_LOOKED_AT = frozenset({"listeners"})


def of_outputs(outputs: Mapping[str, RawOutput]) -> str:
    """Of a Linux host: sha256 in hex."""
    digest = hashlib.sha256()
    for name in sorted(outputs.keys() - _NOT_LOOKED_AT):
        output = outputs[name]
        digest.update(f"{name} {output.rc} {output.absent}\0".encode())
        digest.update(_lasting(name, output.stdout).encode("utf-8", "surrogatepass"))
        digest.update(b"\0")
    return digest.hexdigest()


def _lasting(name: str, text: str) -> str:
    if name == "ipset":
        return "\n".join(
            _IPSET.sub("", line) if line.startswith("add ") else line for line in text.split("\n")
        )
    pattern = _LEFT_OUT.get(name)
    return pattern.sub("", text) if pattern is not None else text


def of_state(state: State) -> str:
    """Of a device, whose interfaces' counters can't be told from their addresses without parsing: sha256 in hex."""
    document = {name: value for name, value in state.to_dict().items() if name != "listeners"}
    text = json.dumps(document, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
