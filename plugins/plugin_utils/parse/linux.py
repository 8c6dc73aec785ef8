# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Linux host: nft, iptables of both kinds, ipset and the facts around them -> one state.

Which reader a table belongs to: nft shows rules of iptables-nft as bare ``xt`` expressions, so a table that
iptables-save shows in full is read from there and left out of nft's. Legacy tables are seen by their own
iptables-save only, and the kernel applies them beside all others.
"""

from __future__ import annotations

from collections.abc import Mapping

from ..errors import ParseError
from ..model.match import ALWAYS
from ..model.raw import RawOutput
from ..model.rules import Chain, Rule, Ruleset, Verdict
from ..model.state import State
from . import boot, boot_ufw, fingerprint, firewalld_direct, ipset, iptables, linux_facts, managers, nft
from . import outputs as raw
from .host_facts import HostFacts
from .ipset import IpSet
from .iptables import IptablesRules
from .nft import NftRules

# output -> (backend in the state, nft's family of its tables, none for legacy)
_IPTABLES = {
    "iptables_nft": ("iptables", "ip"),
    "ip6tables_nft": ("ip6tables", "ip6"),
    "iptables_legacy": ("iptables-legacy", ""),
    "ip6tables_legacy": ("ip6tables-legacy", ""),
}


def parse(host: str, outputs: Mapping[str, RawOutput], planned: nft.Document | None = None) -> State:
    """Never fails for what a host printed: what can't be read is named in the state.

    ``planned``: nft's tables as they would be, in the place of those in ``outputs``.
    """
    state = State(host)
    facts = linux_facts.read(state, outputs)
    sets = _ipsets(state, outputs)
    dumps = {name: _iptables(state, outputs, name, facts, sets) for name in _IPTABLES}
    native = _nft(state, outputs, facts, dumps, planned)
    _not_needed(state, outputs, native, dumps)
    _assemble(state, native, dumps)
    _nothing_given(state, outputs)
    _families_left_out(state, outputs)
    for dump in dumps.values():
        for name in dump.added_to if dump else ():
            if f"ipset/{name}" in state.sets:
                state.sets[f"ipset/{name}"].dynamic = True
    managers.mark(state)
    boot_ufw.mark(state, outputs)
    firewalld_direct.mark(state, outputs, facts, sets)
    state.fingerprint = fingerprint.of(state)
    state.boot = boot.of(state, outputs)
    return state


def _fail(state: State, name: str, why: str, *, rules: bool = True) -> None:
    state.unreadable.append({"what": name, "reason": why})
    if rules:
        state.firewall_known = False


# Where nft's rules may be, the best first: its JSON, its listing, and a script that was loaded.
_NFT = ("nft_json", "nft_text", "nft_script")
_NOT_FOUND = 127  # sh(1): there is no such command
# What nft says that was built without libjansson, or is older than its JSON (src/main.c, getopt(3)).
_NO_JSON = ("JSON support not compiled-in", "invalid option -- 'j'")


def _nft_source(outputs: Mapping[str, RawOutput]) -> str:
    """The output that nft's rules are read from; empty if none was given. Text serves where there is no JSON."""
    if _without_json(outputs) and not raw.problem(outputs, "nft_text", may_be_empty=True):
        return "nft_text"
    given = [name for name in _NFT if name in outputs]
    usable = (name for name in given if not raw.problem(outputs, name) and not outputs[name].absent)
    none = (name for name in given if outputs[name].absent)
    return next(usable, next(none, given[0] if given else ""))


def _left_out(state: State, outputs: Mapping[str, RawOutput], name: str) -> bool:
    """Saved files that name some of the rules: what is left out is taken as none, unless a file says otherwise.

    A login always brings an answer for every command, if only an error.
    """
    if name in outputs or not any(given in outputs for given in (*_NFT, *_IPTABLES)):
        return False
    tool = name.replace("_", "-")
    # What iptables-nft-save says where it finds legacy tables, to stderr or, in old versions, to stdout.
    if any(f"{tool} tables present" in raw.text(outputs, other) for other in _IPTABLES):
        _fail(state, name, "not given, and a file that was given says that there are such rules")
    elif name in _hidden(outputs):
        _fail(state, name, "not given, so taken as none", rules=False)
    return True


def _hidden(outputs: Mapping[str, RawOutput]) -> list[str]:
    """Collections of rules that were not given, and that none of the others shows."""
    shown_by_nft = {"iptables_nft", "ip6tables_nft"} if _shown_by_nft(outputs) else set()
    if _nft_source(outputs):
        shown_by_nft.add("nft_json")
    return [name for name in ("nft_json", *_IPTABLES) if name not in outputs and name not in shown_by_nft]


def _shown_by_nft(outputs: Mapping[str, RawOutput]) -> str:
    return raw.text(outputs, _nft_source(outputs))


def _nothing_given(state: State, outputs: Mapping[str, RawOutput]) -> None:
    """Saved files without any rule don't say that the host has none, as long as one of them is missing."""
    missing = _hidden(outputs)
    if missing and not state.rulesets and state.firewall_known:
        state.unreadable = [item for item in state.unreadable if item["what"] not in missing]
        for name in missing:
            _fail(state, name, "not given, and what was given holds no rules: they may all be there")


def _families_left_out(state: State, outputs: Mapping[str, RawOutput]) -> None:
    """Saved files of one family only tell nothing about the other: its filters are there, and unknown."""
    if _shown_by_nft(outputs):
        return
    given = {"ip6" if name.startswith("ip6") else "ip" for name in _IPTABLES if name in outputs}
    for family in {"ip", "ip6"} - given if given else ():
        backend = {"ip": "iptables", "ip6": "ip6tables"}[family]
        for hook in ("input", "forward", "output"):
            key = f"{backend}/filter/{hook.upper()}"
            why = f"no file with the rules of {backend} was given"
            rule = Rule(1, ALWAYS, Verdict("unknown", detail=why), why, not_understood=(why,))
            state.rulesets[key] = Ruleset(key, backend, family, hook, 0, "deny", rules=[rule])


def _not_needed(
    state: State,
    outputs: Mapping[str, RawOutput],
    native: NftRules | None,
    dumps: Mapping[str, IptablesRules | None],
) -> None:
    """Tools that a host lacks and that could show nothing: iptables-nft where nft shows no table of its kind, and
    ipset where there are no rules of iptables at all."""
    if native is None:
        return
    spare = {
        name
        for name, (_backend, family) in _IPTABLES.items()
        if family and not any(f"{family}/{table}" in native.tables for table in iptables.TABLES)
    }
    shown = {name for name, dump in dumps.items() if dump is not None and not dump.tables}
    if all(name in shown | spare for name in _IPTABLES):
        spare.add("ipset")
    gone = {name for name in spare if name in outputs and outputs[name].rc == _NOT_FOUND}
    state.unreadable = [item for item in state.unreadable if item["what"] not in gone]


def _ipsets(state: State, outputs: Mapping[str, RawOutput]) -> dict[str, IpSet]:
    why = raw.problem(outputs, "ipset", may_be_empty=True)
    found: dict[str, IpSet] = {}
    if not why:
        try:
            found = ipset.parse(raw.text(outputs, "ipset"))
        except ParseError as error:
            why = error.what
    if why:
        _fail(state, "ipset", why, rules=False)
    state.sets.update({one.key: one.named for one in found.values()})
    return found


def _iptables(
    state: State, outputs: Mapping[str, RawOutput], name: str, facts: HostFacts, sets: dict[str, IpSet]
) -> IptablesRules | None:
    """What one iptables-save shows; None if it can't be read."""
    if _left_out(state, outputs, name):
        return None
    why = raw.problem(outputs, name, may_be_empty=True)
    if not why:
        try:
            return iptables.parse(raw.text(outputs, name), _IPTABLES[name][0], facts, sets)
        except ParseError as error:
            _fail(state, name, f"{error.what} ({error.where})")
            return None
    # Without iptables' own words nft still shows its tables, but for matches; of legacy ones, nothing.
    _fail(state, name, why, rules=not _IPTABLES[name][1])
    return None


def _nft(
    state: State,
    outputs: Mapping[str, RawOutput],
    facts: HostFacts,
    dumps: dict[str, IptablesRules | None],
    planned: nft.Document | None,
) -> NftRules | None:
    name = _nft_source(outputs)
    if not name and planned is None:
        if not _left_out(state, outputs, "nft_json"):
            _fail(state, "nft_json", raw.problem(outputs, "nft_json"))
        return None
    try:
        document = nft_document(outputs) if planned is None else planned
        if document is None:
            return None
        _agree(document, dumps)
        shown = {
            f"{_IPTABLES[name][1]}/{table}"
            for name, dump in dumps.items()
            if dump and _IPTABLES[name][1]
            for table in dump.tables
        }
        return nft.parse(document, "" if planned is not None else nft_listing(outputs), facts, shown)
    except ParseError as error:
        why = error.what
        if name != "nft_json" and error.where:
            why = f"{error.what} ({error.where}); {error.todo}"
    _fail(state, name, why)
    return None


def nft_document(outputs: Mapping[str, RawOutput]) -> nft.Document | None:
    """nft's rules as they are listed; None if there certainly are none. ParseError if they are not known."""
    name = _nft_source(outputs)
    why = raw.problem(outputs, name or "nft_json", may_be_empty=_without_json(outputs))
    if why:
        raise ParseError(why)
    if outputs[name].absent:
        return None
    text = raw.text(outputs, name)
    if name == "nft_json":
        return nft.completed(nft.read(text), nft_listing(outputs))
    document = nft.read_text(text, outputs[name].command, name == "nft_text")
    if not document.tables and outputs[name].rc is None:
        raise ParseError("no table is in it", outputs[name].command, "write absent: true if there is none")
    return document


def nft_listing(outputs: Mapping[str, RawOutput]) -> str:
    """The text that goes with nft's JSON: rules in their own words, and what that leaves out."""
    return raw.text(outputs, "nft_text") if _nft_source(outputs) == "nft_json" else ""


def _without_json(outputs: Mapping[str, RawOutput]) -> bool:
    """Whether nft itself said that it prints no JSON: then it is root's nft that lists no table as text."""
    return "nft_json" in outputs and any(words in outputs["nft_json"].stderr for words in _NO_JSON)


def _agree(document: nft.Document, dumps: dict[str, IptablesRules | None]) -> None:
    """Take a table from iptables-save only if that shows as many rules in each chain as nft does."""
    for name, dump in dumps.items():
        family = _IPTABLES[name][1]
        if dump is None or not family:
            continue
        for table in list(dump.tables):
            if f"{family}/{table}" not in document.tables:
                continue  # of two accounts that differ, the one with rules counts
            there = {
                f"{table}/{chain}": count
                for chain, count in document.counts(f"{family}/{table}").items()
                if count or f"{table}/{chain}" in dump.counts
            }
            here = {key: count for key, count in dump.counts.items() if key.split("/")[0] == table}
            differs = any(here.get(key) != count for key, count in there.items()) or any(
                count and key not in there for key, count in here.items()
            )
            if table in dump.foreign or differs:
                dump.without(table)


def _assemble(state: State, native: NftRules | None, dumps: dict[str, IptablesRules | None]) -> None:
    """Of base chains with equal priority the kernel runs the one registered last first
    (``nf_hook_entries_grow``), so they stand in the state in the reverse of nft's order."""
    rulesets: list[Ruleset] = []
    chains: list[Chain] = []
    order = native.tables if native else []
    by_table: dict[str, list[Ruleset]] = {}
    for ruleset in native.rulesets.values() if native else ():
        by_table.setdefault(ruleset.key.rsplit("/", 1)[0], []).append(ruleset)
    if native:
        chains.extend(native.chains.values())
        state.sets.update(native.sets)
        state.not_understood.extend(native.not_understood)
    late: list[Ruleset] = []
    for name, dump in dumps.items():
        if dump is None:
            continue
        family = _IPTABLES[name][1]
        chains.extend(dump.chains.values())
        state.not_understood.extend(dump.not_understood)
        for ruleset in dump.rulesets.values():
            place = f"{family}/{ruleset.key.split('/')[1]}"
            (by_table.setdefault(place, []) if place in order else late).append(ruleset)
    for place in order:
        rulesets.extend(by_table.get(place, ()))
    state.rulesets = {ruleset.key: ruleset for ruleset in [*reversed(rulesets), *late]}
    state.chains = {chain.key: chain for chain in chains}
