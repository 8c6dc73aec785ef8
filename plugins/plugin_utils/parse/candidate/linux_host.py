# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Candidates for a Linux host: its rules as its snapshot has them, with nft scripts, files of iptables-restore and
files of ipset restore loaded upon them, one after the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from ...errors import ParseError
from ...model.raw import RawOutput
from ...model.state import State, unknown_boot
from .. import iptables, linux, nft
from .. import outputs as raw
from . import ipset_file, iptables_file, kinds, nft_rules
from .given import IP6TABLES, IPSET, IPTABLES, NFT, Candidate

_TODO = "gather the host again with firewall_info, as root"
# Family of nft's tables -> the output in which iptables shows its own.
_SHOWN = {"ip": "iptables_nft", "ip6": "ip6tables_nft"}
_LEGACY = {"iptables_nft": "iptables_legacy", "ip6tables_nft": "ip6tables_legacy"}
_BOOT = "these rules are planned, and what would be loaded at boot is not"


def planned(host: str, outputs: Mapping[str, RawOutput], candidates: Sequence[Candidate]) -> State:
    """The state once all candidates are loaded. ParseError for one that can't be followed or would be refused."""
    plan = _Plan(host, outputs)
    for candidate in candidates:
        _LOAD[kinds.of_linux(candidate)](plan, candidate)
    state = linux.parse(host, plan.outputs, plan.document)
    if not state.firewall_known:
        why = "; ".join(f"{item['what']}: {item['reason']}" for item in state.unreadable)
        raise ParseError(f"the planned rules of {host} can't be read: {why}", candidates[-1].source, _TODO)
    state.boot = unknown_boot(_BOOT)
    return state


class _Plan:
    """``document``: nft's tables, once a candidate has changed some; until then they are as in ``outputs``."""

    def __init__(self, host: str, outputs: Mapping[str, RawOutput]) -> None:
        self.host = host
        self.outputs = dict(outputs)
        self.document: nft.Document | None = None
        self.changed_by_iptables: set[str] = set()

    # nft

    def load_nft(self, candidate: Candidate) -> None:
        before = self._nft(candidate)
        had = _marks(before)
        after = nft_rules.apply(before, self._listing(), candidate.text, candidate.source, candidate.include)
        self.document = after
        has = _marks(after)
        for place in {*had, *has}:
            family, _slash, table = place.partition("/")
            if had.get(place) == has.get(place) or family not in _SHOWN:
                continue
            if place in self.changed_by_iptables:
                raise ParseError(
                    f"the table {place} is changed by a candidate of iptables before, and now by nft",
                    candidate.source,
                    "give all changes of a table in one form",
                )
            self._forget(_SHOWN[family], table)

    def _nft(self, candidate: Candidate) -> nft.Document | None:
        if self.document is not None:
            return self.document
        try:
            document = linux.nft_document(self.outputs)
        except ParseError as error:
            raise ParseError(
                f"the nft rules of {self.host} are not known ({error.what}), so what the script leaves is not either",
                candidate.source,
                _TODO,
            ) from None
        return document and self._with_iptables_in_words(document)

    def _listing(self) -> str:
        return linux.nft_listing(self.outputs) if self.document is None else ""

    def _with_iptables_in_words(self, document: nft.Document) -> nft.Document:
        """nft translates rules of iptables in its listing, and not in its JSON."""
        listing = linux.nft_listing(self.outputs)
        places = {f"{family}/{table}" for family in _SHOWN for table in iptables.TABLES} & {*document.tables}
        if not listing or not places:
            return document
        try:
            listed = nft.read_text(listing, "nft -a list ruleset", listed=True)
        except ParseError:
            return document
        places &= {place for place in places if listed.counts(place) == document.counts(place)}
        tables = {
            place: listed.tables[place] if place in places else table
            for place, table in document.tables.items()
        }
        words = {key: lines for key, lines in listed.words.items() if key.rpartition("/")[0] in places}
        return nft.Document(tables, {**document.words, **words}, document.problems)

    def _forget(self, name: str, table: str) -> None:
        """Leave a table out of what iptables shows: it is nft's listing that counts for it now."""
        tables = self._tables_of_iptables(name)
        if table in tables:
            del tables[table]
            self._store(name, tables)

    # iptables

    def load_iptables(self, candidate: Candidate, name: str) -> None:
        name = self._output(candidate, name)
        why = raw.problem(self.outputs, name, may_be_empty=True)
        if why:
            raise ParseError(
                f"the rules of {name.replace('_', ' ')} of {self.host} are not known ({why})",
                candidate.source,
                _TODO,
            )
        tables = self._tables_of_iptables(name)
        changed = iptables_file.load(
            tables, candidate, legacy=name in _LEGACY.values(), six=name.startswith("ip6"), sets=self._sets()
        )
        self._store(name, tables)
        family = next((family for family, shown in _SHOWN.items() if shown == name), "")
        for table in changed if family else ():
            self._stand_in(f"{family}/{table}", tables.get(table), candidate)

    def _sets(self) -> list[str] | None:
        """The names of the ipsets that there are by now."""
        if raw.problem(self.outputs, "ipset", may_be_empty=True):
            return None
        lines = (line.split() for line in raw.text(self.outputs, "ipset").splitlines())
        return [words[1] for words in lines if words[:1] == ["create"] and len(words) > 2]

    def _output(self, candidate: Candidate, name: str) -> str:
        """The output that shows the rules of the variant which the file is for."""
        legacy = _LEGACY[name]
        if candidate.backend:
            return legacy if candidate.backend == "legacy" else name
        has_nft, has_legacy = (bool(self._tables_of_iptables(one)) for one in (name, legacy))
        if has_nft and has_legacy:
            raise ParseError(
                f"{self.host} has rules of iptables in nf_tables and legacy ones: which of both is this for?",
                candidate.source,
                "say backend: nft or backend: legacy",
            )
        return legacy if has_legacy else name

    def _tables_of_iptables(self, name: str) -> dict[str, iptables.Table]:
        text = raw.text(self.outputs, name)
        return {table.name: table for table in iptables.tables(text, name, iptables.IptablesRules())}

    def _store(self, name: str, tables: Mapping[str, iptables.Table]) -> None:
        old = self.outputs.get(name)
        made = old or RawOutput(name, name.replace("_", "-"), 0, "")
        self.outputs[name] = replace(made, rc=0, stdout=iptables_file.written(tables), stderr="", absent="")

    def _stand_in(self, place: str, table: iptables.Table | None, candidate: Candidate) -> None:
        """Put a table of iptables in nft's list, so that both name the same rules: what it says is read from the
        words of iptables."""
        self.changed_by_iptables.add(place)
        document = self.document
        if document is None:
            try:
                shown = linux.nft_document(self.outputs)
            except ParseError:
                return
            if shown is None:
                return
            document = nft_rules.apply(shown, self._listing(), "", candidate.source, candidate.include)
        tables = dict(document.tables)
        if table is None:
            tables.pop(place, None)
        else:
            family, _slash, name = place.partition("/")
            own = {"family": family, "table": name}
            stand_in = nft.Table()
            for chain, rules in table.rules.items():
                stand_in.chains[chain] = {**own, "name": chain}
                stand_in.rules[chain] = [{**own, "chain": chain, "expr": []} for _rule in rules]
            tables[place] = stand_in
        self.document = nft.Document(tables, document.words, document.problems)

    # ipset

    def load_ipset(self, candidate: Candidate) -> None:
        why = raw.problem(self.outputs, "ipset", may_be_empty=True)
        if why:
            raise ParseError(f"the ipsets of {self.host} are not known ({why})", candidate.source, _TODO)
        text = ipset_file.load(raw.text(self.outputs, "ipset"), candidate)
        old = self.outputs.get("ipset") or RawOutput("ipset", "ipset save", 0, "")
        self.outputs["ipset"] = replace(old, rc=0, stdout=text, stderr="", absent="")


def _marks(document: nft.Document | None) -> dict[str, object]:
    """What changes when a table changes: its chains and their rules, each by its identity."""
    if document is None:
        return {}
    return {
        place: [
            (name, chain.get("policy"), [id(rule) for rule in table.rules.get(name, ())])
            for name, chain in table.chains.items()
        ]
        for place, table in document.tables.items()
    }


_LOAD = {
    NFT: _Plan.load_nft,
    IPTABLES: lambda plan, candidate: plan.load_iptables(candidate, "iptables_nft"),
    IP6TABLES: lambda plan, candidate: plan.load_iptables(candidate, "ip6tables_nft"),
    IPSET: _Plan.load_ipset,
}
