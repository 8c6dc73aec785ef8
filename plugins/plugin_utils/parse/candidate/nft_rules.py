# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An nft script upon the rules of a host: what `nft list ruleset` would show once `nft -f` has loaded it.

The rules that run are a document (``nft.Document``), and the script is read by the reader of nft's language with that
document as what the kernel holds: its commands change tables, chains, rules and sets by name, handle and index. What is
not touched stays the very object it was, with its handle and its words.
"""

from __future__ import annotations

from typing import Any

from .. import nft, nft_script, nft_text
from ..nft_script import Chain, Include, Table

Json = Any


def apply(
    document: nft.Document | None, listing: str, text: str, source: str, include: Include
) -> nft.Document:
    """``document``, ``listing``: see ``linux.nft_document`` and ``linux.nft_listing``. ParseError for a script that
    can't be followed, or that nft would refuse."""
    tables = _tables(document, listing) if document is not None else {}
    script = nft_script.load(tables, text, source, include)
    found = nft.document_of(script)
    kept = [
        problem for problem in (document.problems if document else []) if _is_there(found, problem["where"])
    ]
    return nft.Document(found.tables, found.words, [*kept, *found.problems])


def _is_there(document: nft.Document, where: str) -> bool:
    """Whether a set of which something was not understood is still the one that it was."""
    family, table, name = where.split("/", 2)
    found = document.tables.get(f"{family}/{table}")
    return found is not None and any(named["name"] == name for named in found.sets)


def _tables(document: nft.Document, listing: str) -> dict[str, Table]:
    """The document as the reader of scripts has it. What nft leaves out of its JSON comes from the listing."""
    words = nft_text.Listing(listing)
    return {place: _table(place, table, document, words) for place, table in document.tables.items()}


def _table(place: str, table: nft.Table, document: nft.Document, words: nft_text.Listing) -> Table:
    family, _slash, name = place.partition("/")
    head: dict[str, Json] = {"family": family, "name": name, "handle": table.handle}
    flags = words.flags.get(place, None if place in words.rules else table.flags)
    if flags:
        head["flags"] = flags
    chains = {}
    for chain, found in table.chains.items():
        key = f"{place}/{chain}"
        if found.get("hook") in ("ingress", "egress") and "dev" not in found and key in words.devices:
            found["dev"] = words.devices[key]
        written = document.words.get(key, ())
        rules = [
            (rule, 0, written[index][1] if written else _words(rule, place, words))
            for index, rule in enumerate(table.rules.get(chain, ()))
        ]
        chains[chain] = Chain(found, rules)
    sets = {}
    for named in table.sets:
        if f"{place}/{named['name']}" in words.merged:
            named["auto-merge"] = True
        sets[named["name"]] = ("map" if "map" in named else "set", named)
    return Table(head, chains, sets)


def _words(rule: Json, place: str, words: nft_text.Listing) -> str:
    found = words.rule(place, rule.get("handle", -1))
    return nft_text.rule_text(rule.get("expr") or [], rule.get("comment", "")) if found is None else found
