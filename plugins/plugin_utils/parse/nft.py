# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``nft -j list ruleset`` (libnftables-json(5)) -> rulesets, chains and sets.

The text of ``nft -a list ruleset`` is read beside it: for the rules' own words, and for what nft leaves out
of its JSON or prints wrongly there (nft 1.0.6: a table's flags, the device of an ``inet`` ingress chain).
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..errors import ParseError
from ..model.match import Match, Named, Unknown
from ..model.rules import ACCEPT, Chain, Rule, Ruleset
from ..model.state import NamedSet
from . import nft_arp, nft_frames, nft_script, nft_sets, nft_text
from .host_facts import HostFacts, negated
from .nft_match import Relations
from .nft_routes import at_hook
from .nft_rule import RuleReader

Json = Any
# Only tables of these families see flows; arp tables never do, and are read apart.
FAMILIES = ("ip", "ip6", "inet", "bridge", "netdev")
# Objects that decide about nothing by themselves; a rule that uses one says so in its own words.
_ASIDE = {
    "metainfo",
    "flowtable",
    "counter",
    "quota",
    "limit",
    "secmark",
    "synproxy",
    "tunnel",
    "element",
    "ct helper",
    "ct timeout",
    "ct expectation",
}
HOOKS = ("ingress", "prerouting", "input", "forward", "output", "postrouting", "egress")
# What a base chain has besides its hook.
_BASE = {"type", "prio", "policy"}
_POLICIES = {"accept": "permit", "drop": "deny"}
_TODO = "run `nft -j list ruleset` on the host as root and see what it prints"


@dataclass(slots=True)
class NftRules:
    """What the document holds. ``tables``: ``family/table`` in the order of their creation."""

    rulesets: dict[str, Ruleset] = field(default_factory=dict)
    chains: dict[str, Chain] = field(default_factory=dict)
    sets: dict[str, NamedSet] = field(default_factory=dict)
    tables: list[str] = field(default_factory=list)
    not_understood: list[dict[str, str]] = field(default_factory=list)


@dataclass(slots=True)
class Table:
    """One table as nft lists it: chains and sets by name, rules by chain."""

    flags: Json = None
    handle: int | None = None
    chains: dict[str, Json] = field(default_factory=dict)
    rules: dict[str, list[Json]] = field(default_factory=dict)
    sets: list[Json] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Document:
    """``tables`` by ``family/table``, in the order of their creation. Where the rules were given as text: ``words``,
    the line and the text of each rule by chain; ``problems``, what else was not understood."""

    tables: dict[str, Table]
    words: dict[str, list[tuple[int, str]]] = field(default_factory=dict)
    problems: list[dict[str, str]] = field(default_factory=list)

    def counts(self, place: str) -> dict[str, int]:
        """The number of rules by chain; nothing for a table that is not there."""
        table = self.tables.get(place)
        return {name: len(table.rules.get(name, ())) for name in table.chains} if table else {}


def load(text: str) -> list[Json]:
    """The objects of the document. ParseError for text that is not a whole document of nft's."""
    if not text.strip():
        raise ParseError("nft printed nothing, not even an empty ruleset", "nft -j list ruleset", _TODO)
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        cut = " (output cut short?)" if text.lstrip().startswith("{") else ""
        raise ParseError(f"nft's output is not JSON{cut}: {error}", "nft -j list ruleset", _TODO) from error
    objects = document.get("nftables") if isinstance(document, dict) else None
    if not isinstance(objects, list) or not all(
        isinstance(item, dict) and len(item) == 1 for item in objects
    ):
        raise ParseError("nft's JSON has no list `nftables` of single objects", "nft -j list ruleset", _TODO)
    if not any("metainfo" in item for item in objects):
        raise ParseError(
            "nft's JSON has no `metainfo`, so it is not a whole listing", "nft -j list ruleset", _TODO
        )
    return objects


def read(text: str) -> Document:
    """The document, sorted by tables. ParseError for text that is not a whole listing of nft's."""
    return Document(_sorted_out(load(text)))


def read_text(text: str, source: str, listed: bool = False) -> Document:
    """The document that nft would print of its own text. ``listed``: a listing, no script. ParseError if that is not
    whole."""
    return document_of(nft_script.read(text, source, listed))


def document_of(script: nft_script.Script) -> Document:
    return Document(_sorted_out(script.objects), script.words, script.problems)


def completed(document: Document, listing: str) -> Document:
    """The document with tables from the listing, where nft's JSON has rules in braces (``jump { ... }``) as a text
    only; unless the two show other rules."""
    places = [place for place, table in document.tables.items() if _has_texts(table)]
    if not places or not listing:
        return document
    try:
        listed = read_text(listing, "nft -a list ruleset", listed=True)
    except ParseError:
        return document
    tables = dict(document.tables)
    for place in places:
        there = listed.counts(place)
        if all(there.get(name) == count for name, count in document.counts(place).items()):
            tables[place] = listed.tables[place]
    taken = tuple(f"{place}/" for place in places if tables[place] is not document.tables[place])
    return Document(
        tables,
        {key: lines for key, lines in listed.words.items() if key.startswith(taken)},
        [problem for problem in listed.problems if problem["where"].startswith(taken)],
    )


def _has_texts(table: Table) -> bool:
    return any(
        isinstance(statement, str)
        for rules in table.rules.values()
        for rule in rules
        if isinstance(rule.get("expr"), list)  # what is none is named where rules are read
        for statement in rule["expr"]
    )


def parse(document: Document, listing: str, facts: HostFacts, skip: Collection[str] = ()) -> NftRules:
    """Read the rules. ``listing``: ``nft -a list ruleset``, or empty. ``skip``: tables read elsewhere
    (``ip/filter``), of which only the place in the order is kept. ParseError for malformed input."""
    found = NftRules()
    words = nft_text.Listing(listing)
    found.tables = list(document.tables)
    found.not_understood += document.problems
    for place, table in document.tables.items():
        family = place.split("/", 1)[0]
        if family not in (*FAMILIES, nft_arp.FAMILY):
            raise ParseError(f"a table of the family {family!r}", "nft -j list ruleset", _TODO)
        if place in skip:
            continue
        dormant = _dormant(place, table, words)
        if dormant:
            continue
        try:
            if family == nft_arp.FAMILY:
                _read_arp(found, place, table, words)
            else:
                _read_table(found, place, table, facts, words, dormant, document.words)
        except (
            KeyError,
            TypeError,
            ValueError,
            AttributeError,
            IndexError,
            OverflowError,
            RecursionError,
        ) as error:
            raise ParseError(
                f"table {place} has a form that nft does not document: {error!r}",
                "nft -j list ruleset",
                _TODO,
            ) from error
    return found


def _sorted_out(objects: list[Json]) -> dict[str, Table]:
    tables: dict[str, Table] = {}
    try:
        for item in objects:
            ((kind, value),) = item.items()
            if kind == "rule":
                place = f"{value['family']}/{value['table']}"
                tables[place].rules.setdefault(value["chain"], []).append(value)
            elif kind == "chain":
                chains = tables[f"{value['family']}/{value['table']}"].chains
                _once(value["name"] in chains, item)
                chains[value["name"]] = value
            elif kind in ("set", "map", "meter"):
                tables[f"{value['family']}/{value['table']}"].sets.append(value)
            elif kind == "table":
                place = f"{value['family']}/{value['name']}"
                _once(place in tables, item)
                tables[place] = Table(value.get("flags"), value.get("handle"))
            elif kind not in _ASIDE:
                raise ParseError(
                    f"an object of a kind that is not known: {kind!r}", "nft -j list ruleset", _TODO
                )
    except (KeyError, TypeError, AttributeError) as error:
        raise ParseError(
            f"an object of nft's JSON is not whole, or names a table that is not listed: {error!r}",
            "nft -j list ruleset",
            _TODO,
        ) from error
    return tables


def _once(again: bool, item: Json) -> None:
    if again:
        raise ParseError(f"an object comes twice: {item!r}", "nft -j list ruleset", _TODO)


def _dormant(place: str, table: Table, words: nft_text.Listing) -> bool | None:
    """Whether the table's chains are not attached; None if that is not known (None is not False)."""
    if place in words.flags:
        return "dormant" in words.flags[place]
    if not table.flags:
        return False
    flags = [table.flags] if isinstance(table.flags, str) else list(table.flags)
    if "dormant" in flags:
        return True
    # nft 1.0.6 prints another word in the flag's place; the listing tells, if there is one.
    return False if words.rules.get(place) is not None or set(flags) <= {"owner", "persist"} else None


def _read_table(
    found: NftRules,
    place: str,
    table: Table,
    facts: HostFacts,
    words: nft_text.Listing,
    dormant: bool | None,
    written: Mapping[str, list[tuple[int, str]]],
) -> None:
    infos = {info.key: info for info in map(nft_sets.read, table.sets)}
    if infos:
        expressions = [rule.get("expr") or [] for rules in table.rules.values() for rule in rules]
        for key in nft_sets.changed_by_packets(expressions, place):
            if key in infos:
                infos[key].dynamic = True
    reader = RuleReader(place, Relations(facts, infos))
    for info in infos.values():
        verdicts = [reader.verdict(item) for item in info.data] if info.verdicts else None
        found.sets[info.key] = nft_sets.named_set(info, verdicts)
    for name, chain in table.chains.items():
        key = f"{place}/{name}"
        rules = _rules(found, reader, key, place, table.rules.get(name, []), words, written.get(key, ()))
        rules = at_hook(rules, str(chain.get("hook", ""))) if reader.relations.asks_routes else rules
        if "hook" not in chain:
            if not _BASE.isdisjoint(chain):
                raise ValueError(f"the base chain {name} has no hook")
            found.chains[key] = Chain(key, rules)
            continue
        listed = table.rules.get(name, [])
        if reader.family == nft_frames.BRIDGE:
            bridged = nft_frames.bridged(key, chain, listed, rules, facts)
            if bridged is not None:
                found.rulesets[key] = bridged
                _tell(found, bridged)
                continue
        rules[:0] = _attachment(key, chain, words, listed, facts)
        if dormant is None:
            why = f"whether table {place} is dormant can be read with `nft -a list ruleset` only"
            rules = [
                Rule(
                    0,
                    Unknown(f"{place} dormant", why),
                    ACCEPT,
                    f"table {place}: flags not known",
                    not_understood=(why,),
                ),
                *rules,
            ]
            found.not_understood.append({"where": key, "text": f"table {place}", "reason": why})
        found.rulesets[key] = Ruleset(
            key,
            "nft",
            place.split("/", 1)[0],
            _hook(name, chain),
            int(chain["prio"]),
            _POLICIES[chain.get("policy", "accept")],
            chain.get("type", "filter"),
            rules,
        )
    for name in table.rules.keys() - table.chains.keys():
        raise ParseError(
            f"rules of the chain {place}/{name}, which is not listed", "nft -j list ruleset", _TODO
        )


def _hook(name: str, chain: Json) -> str:
    hook = chain["hook"]
    if hook not in HOOKS:
        raise ValueError(f"the hook {hook!r} of {name}")
    return str(hook)


def _read_arp(found: NftRules, place: str, table: Table, words: nft_text.Listing) -> None:
    for ruleset in nft_arp.rulesets(place, table.chains, table.rules, words.rules.get(place, {})):
        found.rulesets[ruleset.key] = ruleset
        _tell(found, ruleset)


def _tell(found: NftRules, ruleset: Ruleset) -> None:
    told = {(item["where"], item["reason"]) for item in found.not_understood}
    for rule in ruleset.rules:
        where = f"{ruleset.key} rule {rule.position}"
        found.not_understood += [
            {"where": where, "text": rule.text, "reason": reason}
            for reason in rule.not_understood
            if (where, reason) not in told
        ]


def _rules(
    found: NftRules,
    reader: RuleReader,
    key: str,
    place: str,
    rules: list[Json],
    words: nft_text.Listing,
    written: Sequence[tuple[int, str]],
) -> list[Rule]:
    read: list[Rule] = []
    lines = words.rules.get(place, {})
    for position, rule in enumerate(rules, 1):
        if written:
            line, text = written[position - 1]
            made = reader.read(key, position, rule, text, line)
        else:
            made = reader.read(key, position, rule, lines.get(rule.get("handle")))
        read.extend(made)
        if made[0].not_understood:
            found.not_understood.extend(
                {"where": f"{key} rule {position}", "text": made[0].text, "reason": reason}
                for reason in made[0].not_understood
            )
    return read


def _attachment(
    key: str, chain: Json, words: nft_text.Listing, listed: Sequence[Json], facts: HostFacts
) -> list[Rule]:
    """A chain at the hook ingress or egress sees its own devices only: packets of others pass it by, but for those
    of what stands on its devices."""
    if chain["hook"] not in ("ingress", "egress"):
        return []
    device = chain.get("dev") or words.devices.get(key)
    devices = [device] if isinstance(device, str) else list(device or ())
    field_name = "in_interface" if chain["hook"] == "ingress" else "out_interface"
    if devices:
        match: Match = negated(Named(field_name, tuple(devices)))
        own = Rule(0, match, ACCEPT, f"attached to {', '.join(devices)}")
        above = nft_frames.above(key, devices, field_name, facts)
        return [above, own] if above is not None and nft_frames.may_drop(chain, listed) else [own]
    why = "the chain's device is not in nft's JSON; gather `nft -a list ruleset` too"
    return [
        Rule(
            0,
            Unknown(f"{key} device", why),
            ACCEPT,
            "attached to a device that is not known",
            not_understood=(why,),
        )
    ]
