# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Put a recorded firewall back: only what changed, each table with the tool that owns it."""

from __future__ import annotations

import contextlib
import re
from typing import Any, Callable, NamedTuple

from .host import AgentError, find, run
from .ipset import IpSet, drop_ipsets, prove_ipsets, put_ipsets, replace_ipsets, stand_in
from .nft import is_shell, nft_compose, nft_replacing, read_nft, unloadable
from .owners import Owned
from .rules import Firewall, changed_all, changed_units, observe
from .saved import put_saved, saved_changed
from .xtables import BACKENDS, Backend, XTable, default_table, load_save, save_compose

_SET_NAME = re.compile(r"(--(?:match-set|add-set|del-set|map-set) )(\S+)")


class Restored(NamedTuple):
    """``changed``: what differed before. ``left``: what still differs: empty if the restore is proven."""

    changed: list[str]
    left: list[str]
    messages: list[str]


def prove(recorded: Firewall) -> None:
    """Make sure that every recorded table can be loaded again. Raises AgentError for the first that can't."""
    for (family, name), table in recorded.nft.items():
        bad = unloadable(table)
        if bad:
            raise AgentError(
                f"the table {family} {name} can't be restored: nft can't read its own text: {bad[0][:120]}",
                "it mixes rules of iptables-nft and of nft: keep them in tables of their own",
            )
    if recorded.nft:
        _load_nft(nft_replacing(list(recorded.nft.values()), []), check=True)
    for backend in BACKENDS:
        load_save(backend, list(recorded.tables[backend.key].values()), test=True)
    prove_ipsets(list(recorded.ipsets.values()))


def _load_nft(script: str, check: bool = False) -> None:
    if find("nft") is None:
        raise AgentError("nft is not installed on this host any more", "install nftables")
    done = run(["nft", *(["-c"] if check else []), "-f", "-"], script)
    if done.rc:
        owner = " (a table with `flags owner` belongs to a running program, and nobody else may restore it)"
        note = owner if "flags owner" in script or "Operation not permitted" in done.err else ""
        raise AgentError(
            f"nft refuses the recorded tables: {done.said}{note}", "look at the rule that it names"
        )


def put_back(recorded: Firewall, owned: Owned, attic: str) -> Restored:
    """Restore what changed and look whether it took. A step that fails does not keep the others from
    being done.
    """
    live = observe(owned, recorded)
    changed = changed_all(recorded, live)
    if not changed:
        return Restored([], [], ["nothing had changed; nothing was touched"])
    messages: list[str] = []
    units = changed_units(recorded, live)
    sets = [found for name, found in recorded.ipsets.items() if f"ipset/{name}" in units]
    other_type: list[IpSet] = []
    try:
        other_type = put_ipsets(sets, live.ipsets, owned)
    except AgentError as error:
        messages.append(error.what)
    stand_ins = _stand_ins(other_type, messages)
    messages += _put_tables(recorded, live, units, owned, stand_ins)
    if stand_ins:
        try:
            replace_ipsets(other_type)
            messages += _put_tables(recorded, live, _naming(recorded, units, stand_ins), owned, {})
        except AgentError as error:
            messages.append(error.what)
        drop_ipsets(stand_ins.values())
    with contextlib.suppress(AgentError):  # they do nothing: all else is more important
        _drop_shells(recorded, units)
    added = [name for name in live.ipsets if f"ipset/{name}" in units and name not in recorded.ipsets]
    messages += [
        f"ipset {name} was added since, and is still in use" for name in drop_ipsets(reversed(added))
    ]
    messages += put_saved(recorded.files, saved_changed(recorded.files, live.files), attic)
    return Restored(changed, changed_all(recorded, observe(owned, recorded)), messages)


def _drop_shells(recorded: Firewall, units: list[str]) -> None:
    """Tables that iptables-nft made since arming, and that are empty again, were not there: no trace is left of them.
    (A legacy table stays until its module is unloaded.)"""
    for backend in BACKENDS:
        made = [name for key, _slash, name in (unit.partition("/") for unit in units) if key == backend.key]
        for name in () if backend.legacy or find("nft") is None else made:
            if name in recorded.tables[backend.key] or (backend.family, name) in recorded.nft:
                continue
            listed = run(["nft", "list", "table", backend.family, name])
            if not listed.rc and all(is_shell(table) for table in read_nft(listed.out)):
                run(["nft", "delete", "table", backend.family, name])


def _stand_ins(other_type: list[IpSet], messages: list[str]) -> dict[str, str]:
    """A set whose type changed can't be swapped: for a moment rules use one under another name."""
    try:
        return stand_in(other_type) if other_type else {}
    except AgentError as error:
        messages.append(error.what)
        return {}


def _naming(recorded: Firewall, units: list[str], names: dict[str, str]) -> list[str]:
    """Changed tables, and those whose rules name one of these sets."""
    using = [
        f"{key}/{table.name}"
        for key, tables in recorded.tables.items()
        for table in tables.values()
        if any(match.group(2) in names for rule in table.rules for match in _SET_NAME.finditer(rule))
    ]
    return sorted({*units, *using})


def _put_tables(
    recorded: Firewall, live: Firewall, units: list[str], owned: Owned, stand_ins: dict[str, str]
) -> list[str]:
    """nft first: it removes what stands in the place of a table of iptables-nft."""
    messages: list[str] = []
    if stand_ins:
        units = _naming(recorded, units, stand_ins)
    messages += _put_nft(recorded, live, units, owned)
    for backend in BACKENDS:
        messages += _put_backend(backend, recorded, live, units, owned, stand_ins)
    return messages


def _put_nft(recorded: Firewall, live: Firewall, units: list[str], owned: Owned) -> list[str]:
    keys: list[tuple[str, str]] = []
    for unit in units:
        if unit.startswith("nft/"):
            _backend, family, name = unit.split("/", 2)
            keys.append((family, name))
    old = [recorded.nft[key] for key in keys if key in recorded.nft]
    gone = [key for key in keys if key not in recorded.nft]
    if not keys:
        return []
    new = [nft_compose(table, live.nft.get((table.family, table.name)), owned) for table in old]
    return _either(lambda tables: _load_nft(nft_replacing(tables, gone)), new, old, "nft tables")


def _put_backend(
    backend: Backend,
    recorded: Firewall,
    live: Firewall,
    units: list[str],
    owned: Owned,
    stand_ins: dict[str, str],
) -> list[str]:
    old: list[XTable] = []
    new: list[XTable] = []
    for unit in units:
        key, _slash, name = unit.partition("/")
        if key != backend.key:
            continue
        there = live.tables[key].get(name)
        table = _renamed(recorded.tables[key].get(name) or default_table(name), stand_ins)
        old.append(table)
        new.append(save_compose(table, there, owned))
    return (
        _either(lambda tables: load_save(backend, tables), new, old, f"{backend.key} tables") if old else []
    )


def _renamed(table: XTable, names: dict[str, str]) -> XTable:
    if not names:
        return table
    rules = [
        _SET_NAME.sub(lambda match: match.group(1) + names.get(match.group(2), match.group(2)), rule)
        for rule in table.rules
    ]
    return table._replace(rules=tuple(rules))


def _either(
    load: Callable[[list[Any]], None], composed: list[Any], recorded: list[Any], what: str
) -> list[str]:
    """Load tables with the dynamic owners' rules of now; if they don't load, as they were recorded."""
    try:
        load(composed)
        return []
    except AgentError as error:
        first = error.what
    try:
        load(recorded)
    except AgentError as error:
        return [error.what]
    return [
        f"{what}: rules of dynamic owners are as they were recorded, because those of now don't load: {first}"
    ]
