# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole firewall of a host at one moment: what is there, who owns it, what differs from a record."""

from __future__ import annotations

import hashlib
from typing import Any, Iterable, NamedTuple

from .host import AgentError, find, run
from .ipset import IpSet, ipset_canonical, ipset_text, read_ipsets
from .nft import NftTable, nft_canonical, nft_foreign, read_nft
from .owners import Owned
from .saved import Files, read_saved, saved_changed, saved_digest
from .xtables import BACKENDS, BUILT_IN, XTable, read_save, rules_by_chain, save_canonical, save_text

# A raw text for each source; the record of a checkpoint is these texts and the files.
SOURCES = ("nft", *(backend.key for backend in BACKENDS), "ipset")


class Firewall(NamedTuple):
    """``nft``: tables that nft owns. ``tables``: backend -> table name -> table. ``foreign``: rules that nft
    put into a table of iptables-nft. ``units``: name -> (static, dynamic) canonical text, static "" if there
    is nothing of the administrator's: ``nft/inet/filter``, ``iptables/filter``, ``ipset/NAME``."""

    nft: dict[tuple[str, str], NftTable]
    tables: dict[str, dict[str, XTable]]
    foreign: dict[str, list[str]]
    ipsets: dict[str, IpSet]
    files: Files
    units: dict[str, tuple[str, str]]


def read_texts() -> dict[str, str]:
    """The raw texts of all sources, as they are now. Raises AgentError if one can't be read."""
    texts = {backend.key: save_text(backend) for backend in BACKENDS}
    texts["ipset"] = ipset_text()
    texts["nft"] = ""
    if find("nft") is not None:
        done = run(["nft", "list", "ruleset"])
        if done.rc:
            raise AgentError(f"nft list ruleset failed: {done.said}", "run it on the host as root")
        texts["nft"] = done.out
    return texts


def require_tools() -> None:
    """Raise AgentError on a host without any program that shows its rules: nothing known is not no
    firewall.
    """
    if not any(find(name) for name in ("nft", "iptables-save", "iptables-nft-save", "iptables-legacy-save")):
        raise AgentError(
            "neither nft nor iptables is installed on this host",
            "install nftables or iptables, or leave this host out",
        )


def understand(
    texts: dict[str, str], files: Files, owned: Owned, recorded: Firewall | None = None
) -> Firewall:
    """From texts to a firewall.

    A table of the family ip or ip6 with a name of iptables is iptables-nft's, if iptables-nft shows it and
    nft shows nothing in it that iptables-nft did not make. Where there is a record, the owner stays the same,
    so that what somebody else put in shows as a change.
    """
    nft = {(table.family, table.name): table for table in read_nft(texts["nft"])}
    tables: dict[str, dict[str, XTable]] = {}
    foreign: dict[str, list[str]] = {}
    for backend in BACKENDS:
        tables[backend.key] = {}
        for table in read_save(texts[backend.key]):
            twin = None if backend.legacy else nft.get((backend.family, table.name))
            strange = nft_foreign(twin, rules_by_chain(table)) if twin is not None else []
            if recorded is not None and (backend.family, table.name) in recorded.nft and not backend.legacy:
                continue
            if strange and (recorded is None or table.name not in recorded.tables[backend.key]):
                continue
            tables[backend.key][table.name] = table
            if strange:
                foreign[f"{backend.key}/{table.name}"] = strange
            if twin is not None:
                del nft[backend.family, table.name]
    for family, name in [key for key, table in nft.items() if not table.blocks and not table.lines]:
        if family in ("ip", "ip6") and name in BUILT_IN:
            del nft[family, name]  # the empty shell that iptables-nft leaves behind
    found = Firewall(nft, tables, foreign, read_ipsets(texts["ipset"]), files, {})
    found.units.update(_units(found, owned))
    return found


def _units(found: Firewall, owned: Owned) -> dict[str, tuple[str, str]]:
    units: dict[str, tuple[str, str]] = {}
    for (family, name), table in found.nft.items():
        units[f"nft/{family}/{name}"] = nft_canonical(table, owned)
    for key, tables in found.tables.items():
        for name, xtable in tables.items():
            static, dynamic = save_canonical(xtable, owned)
            strange = found.foreign.get(f"{key}/{name}", [])
            units[f"{key}/{name}"] = "\n".join(filter(None, [static, *strange])), dynamic
    for name, ipset in found.ipsets.items():
        units[f"ipset/{name}"] = ipset_canonical(ipset, owned)
    return units


def observe(owned: Owned, recorded: Firewall | None = None) -> Firewall:
    """The firewall as it is now."""
    also: Iterable[str] = recorded.files if recorded is not None else ()
    return understand(read_texts(), read_saved(also=also), owned, recorded)


def fingerprint(found: Firewall) -> dict[str, str]:
    """Digests that are equal as long as the rules mean the same: no counters, no handles, no order of a
    hash.
    """
    digests: dict[str, str] = {"saved": saved_digest(found.files)}
    for index, name in enumerate(("static", "dynamic")):
        total = hashlib.sha256()
        for key in sorted(found.units):
            if found.units[key][index]:
                total.update(repr((key, found.units[key][index])).encode("utf-8", "surrogateescape"))
        digests[name] = total.hexdigest()
    return digests


def changed_units(recorded: Firewall, live: Firewall) -> list[str]:
    """Names of the units whose static text differs; one that is missing counts as empty."""
    empty = ("", "")
    names = sorted({*recorded.units, *live.units})
    return [name for name in names if recorded.units.get(name, empty)[0] != live.units.get(name, empty)[0]]


def changed_all(recorded: Firewall, live: Firewall) -> list[str]:
    """Changed units and, as ``file/PATH``, changed configuration files."""
    return [
        *changed_units(recorded, live),
        *(f"file{path}" for path in saved_changed(recorded.files, live.files)),
    ]


def to_record(texts: dict[str, str], files: Files) -> dict[str, Any]:
    return {"texts": texts, "files": files}


def from_record(document: dict[str, Any], owned: Owned) -> Firewall:
    """The firewall that was recorded. It is understood anew from its texts, so that nothing is kept twice."""
    return understand(document["texts"], document["files"], owned)
