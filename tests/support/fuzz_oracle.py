# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a state must hold, counted in the texts that it was read from: no rule of theirs is left out in silence."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.pathguard.network.plugins.plugin_utils.model.state import State

_COUNTERS = re.compile(r"\[\d+:\d+\] ")
BACKENDS = {
    "iptables_nft": ("iptables", "ip"),
    "ip6tables_nft": ("ip6tables", "ip6"),
    "iptables_legacy": ("iptables-legacy", ""),
    "ip6tables_legacy": ("ip6tables-legacy", ""),
}


def rules_of(state: State) -> Counter[str]:
    """The number of the host's own rules by chain. Position 0 stands for what is no rule there."""
    chains = {**state.rulesets, **state.chains}
    return Counter({key: len({rule.position for rule in chain.rules} - {0}) for key, chain in chains.items()})


def left_out(state: State, texts: Mapping[str, str]) -> str:
    """The first rule or chain of the texts that the state does not show; empty if there is none.

    While ``firewall_known`` is False every verdict is unknown, and nothing needs to be there.
    """
    if not state.firewall_known:
        return ""
    found = rules_of(state)
    twins = _of_nft(texts.get("nft_json", ""))
    problem = next(_missing_of_nft(state, found, twins, texts), "")
    if "nft_json" not in texts and not problem:
        listed = _of_listing(texts.get("nft_text", ""))
        fewer = (key for key, count in listed.items() if found[key] < count)
        problem = next((f"{key} has {found[key]} rules of {listed[key]}" for key in fewer), "")
    for name, (backend, family) in BACKENDS.items():
        lines = _of_iptables(texts.get(name, ""))
        for (table, chain), count in lines.items():
            key = f"{backend}/{table}/{chain}"
            # Of a table that nft shows otherwise, nft's account is taken.
            kept = any(one.startswith(f"{backend}/{table}/") for one in found)
            if found[key] != count and (
                kept or not any(one.startswith(f"{family}/{table}/") for one in twins)
            ):
                problem = problem or f"{key} has {found[key]} rules of {count}"
    return problem


def _missing_of_nft(
    state: State, found: Counter[str], twins: Mapping[str, int], texts: Mapping[str, str]
) -> Iterator[str]:
    backend = {family: name for name, family in BACKENDS.values() if family}
    for key, count in twins.items():
        family, table, chain = key.split("/", 2)
        read = f"{backend.get(family, '?')}/{table}/{chain}"
        known = key in state.rulesets or key in state.chains
        if known and found[key] != count:
            yield f"{key} has {found[key]} rules of {count}"
        elif not known and found[read] != count and not _dormant(texts, family, table):
            yield f"{key} with {count} rules is nowhere"


def _dormant(texts: Mapping[str, str], family: str, table: str) -> bool:
    """A table with flags in both accounts: only these can be left out."""
    return any(
        item["table"].get("flags") and (item["table"]["family"], item["table"]["name"]) == (family, table)
        for item in json.loads(texts["nft_json"])["nftables"]
        if "table" in item
    )


def _of_nft(text: str) -> dict[str, int]:
    """Chains of the listing with the number of their rules, arp's left out; nothing for text that is none."""
    try:
        listed: Any = json.loads(text)["nftables"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return {}
    found: dict[str, int] = {}
    for item in listed:
        kind, value = next(iter(item.items()))
        if not isinstance(value, dict) or value.get("family") == "arp":
            continue
        if kind == "rule" or "expr" in value:
            place = f"{value['family']}/{value['table']}/{value['chain']}"
            found[place] = found.get(place, 0) + 1
        elif "hook" in value or kind == "chain":
            found.setdefault(f"{value['family']}/{value['table']}/{value['name']}", 0)
    return found


def _of_listing(text: str) -> dict[str, int]:
    """Chains of nft's text with the number of lines in them, as far as it is laid out as nft does that."""
    found: dict[str, int] = {}
    place = chain = ""
    for line in text.split("\n"):
        if table := re.fullmatch(r"table (ip|ip6|inet|bridge|netdev) (\w+) \{(?: # handle \d+)?", line):
            place = f"{table[1]}/{table[2]}"
        elif not line.startswith("\t"):
            place = chain = ""
        elif place and (head := re.fullmatch(r"\tchain (\w+) \{(?: # handle \d+)?", line)):
            chain = f"{place}/{head[1]}"
        elif line.startswith("\t}"):
            chain = ""
        elif chain and re.fullmatch(r"\t\t(?!type |policy |comment |flags )\w[^{}\"\\;]* # handle \d+", line):
            found[chain] = found.get(chain, 0) + 1
    return found


def _of_iptables(text: str) -> Counter[tuple[str, str]]:
    found: Counter[tuple[str, str]] = Counter()
    table = ""
    for line in _logical(text):
        plain = _COUNTERS.sub("", line, count=1) if line.startswith("[") else line
        if line.startswith("*"):
            table = line[1:].strip()
        elif plain.startswith(("-A ", "-I ", "--append ", "--insert ")):
            found[table, plain.split(" ", 2)[1].strip()] += 1
    return found


def _logical(text: str) -> Iterator[str]:
    """Lines; one whose quotes are open goes on (a comment may hold the end of a line)."""
    held = ""
    for line in text.split("\n"):
        held = f"{held}\n{line}" if held else line
        plain = re.sub(r"\\.", "", held, flags=re.DOTALL)
        if held.startswith("#") or plain.count('"') % 2 == 0:
            yield held.rstrip("\r ")
            held = ""
    if held:
        yield held
