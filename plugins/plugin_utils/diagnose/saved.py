# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules that a Linux host has saved, as a state: where no earlier snapshot is, its disk may remember."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from ..errors import ParseError
from ..model.raw import RawOutput
from ..model.state import State
from ..parse import parse_platform
from ..parse.boot_units import tried
from ..parse.nft import FAMILIES

# What runs -> what was tried of what is saved, in a namespace of its own when the host was read (gather/boot.py).
_TRIED = {"nft_text": "boot_nft", "iptables_nft": "boot_iptables", "ip6tables_nft": "boot_ip6tables"}
_LEGACY = "-legacy"


def saved_state(state: State, raw: Mapping[str, RawOutput]) -> State | None:
    """The host with its saved rules in the place of those that run; None where they are the same, or not known."""
    differs = [item for item in state.boot["sources"] if item["matches"] == "differs"]
    if state.platform != "linux" or not state.firewall_known or not differs:
        return None
    outputs = dict(raw)
    for name, boot in _TRIED.items():
        text, head, why = tried(raw, boot)
        if head.get("backend", "").endswith(_LEGACY) or why:
            return None
        if head:
            outputs[name] = replace(raw[boot], name=name, stdout=text)
            if name == "nft_text":
                outputs.pop("nft_json", None)
    sets = raw.get("saved_ipset")
    if sets is not None and not sets.absent and sets.rc in (0, None):
        outputs["ipset"] = replace(sets, name="ipset")
    try:
        found = parse_platform("linux", state.host, outputs)
    except ParseError:
        return None
    return found if found.firewall_known else None


def saved_files(state: State) -> list[str]:
    """The files on the host that hold its saved rules."""
    files = [item["file"] for item in state.boot["sources"]]
    return list(dict.fromkeys(file for file in files if file.startswith("/")))


def saved_same(state: State, chain: str) -> list[str]:
    """The files that have a chain's rules as they run."""
    of_nft = chain.split("/")[0] in FAMILIES
    return [
        item["file"]
        for item in state.boot["sources"]
        if item["matches"] == "same" and (item["manager"] == "nftables") == of_nft and _LEGACY not in chain
    ]
