# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tables of iptables and ip6tables, of the nft and the legacy variant, as iptables-save prints them."""

from __future__ import annotations

import functools
import re
from typing import NamedTuple

from .host import AgentError, find, run
from .merge import merge_rules
from .owners import Owned

_COUNTERS = re.compile(r"^\[\d+:\d+\] ")


class Backend(NamedTuple):
    """A rule store of the kernel and the programs that own it. ``names``: where the kernel lists its tables.

    Legacy tables are read only if listed there: to read another loads its module (and makes the table).
    """

    key: str
    family: str
    legacy: bool
    programs: tuple[str, ...]
    names: str


BACKENDS = (
    Backend("iptables", "ip", False, ("iptables-nft", "iptables"), ""),
    Backend("ip6tables", "ip6", False, ("ip6tables-nft", "ip6tables"), ""),
    Backend("iptables-legacy", "ip", True, ("iptables-legacy", "iptables"), "/proc/net/ip_tables_names"),
    Backend("ip6tables-legacy", "ip6", True, ("ip6tables-legacy", "ip6tables"), "/proc/net/ip6_tables_names"),
)

# iptables(8), TABLES; the built-in chains of each, for a table that has to become empty.
BUILT_IN = {
    "filter": ("INPUT", "FORWARD", "OUTPUT"),
    "nat": ("PREROUTING", "INPUT", "OUTPUT", "POSTROUTING"),
    "mangle": ("PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"),
    "raw": ("PREROUTING", "OUTPUT"),
    "security": ("INPUT", "FORWARD", "OUTPUT"),
}


class XChain(NamedTuple):
    name: str
    policy: str  # "-" for a chain that is not built in
    counters: str


class XTable(NamedTuple):
    """``rules``: lines as printed, with their counters in front."""

    name: str
    chains: tuple[XChain, ...]
    rules: tuple[str, ...]


@functools.lru_cache(maxsize=None)
def program(backend: Backend, verb: str) -> str | None:
    """The save or restore program of a backend. Its plain name may be either variant: its version tells."""
    for name in backend.programs:
        path = find(f"{name}-{verb}")
        if path and ("nf_tables" in run([path, "--version"]).out) != backend.legacy:
            return path
    return None


def save_text(backend: Backend) -> str:
    """What the backend's save program prints, with counters; "" if there is nothing to read or no program."""
    tables = _legacy_tables(backend) if backend.legacy else [""]
    if not tables:
        return ""
    save = program(backend, "save")
    if save is None:
        if backend.legacy:
            raise AgentError(
                f"the kernel has legacy tables ({', '.join(tables)}) "
                f"and no {backend.programs[0]}-save is there to read them",
                f"install {backend.programs[0]}, or unload the legacy tables",
            )
        return ""
    text = ""
    for table in tables:
        done = run([save, "-c", *(["-t", table] if table else [])])
        if done.rc:
            raise AgentError(f"{save} failed: {done.said}", "run it on the host as root")
        text += done.out
    return text


def _legacy_tables(backend: Backend) -> list[str]:
    try:
        with open(backend.names, encoding="ascii") as file:
            return sorted(set(file.read().split()))
    except FileNotFoundError:
        return []
    except OSError as error:
        raise AgentError(
            f"{backend.names} can't be read: {error.strerror}", "the agent needs root's rights"
        ) from None


def read_save(text: str) -> list[XTable]:
    """The tables of iptables-save. Text that is cut short is an AgentError."""
    tables: list[XTable] = []
    name = ""
    chains: list[XChain] = []
    rules: list[str] = []
    for line in text.splitlines():
        if line.startswith("*"):
            name, chains, rules = line[1:].strip(), [], []
        elif line.startswith(":"):
            words = line[1:].split()
            chains.append(XChain(words[0], words[1], words[2] if len(words) > 2 else "[0:0]"))
        elif line.strip() == "COMMIT":
            tables.append(XTable(name, tuple(chains), tuple(rules)))
            name = ""
        elif line.strip() and not line.startswith("#"):
            rules.append(line)
    if name:
        raise AgentError(
            f"the answer of iptables-save is cut short in the table {name}",
            "run it on the host and look what it says",
        )
    return tables


def without_counters(rule: str) -> str:
    return _COUNTERS.sub("", rule).strip()


def _chain_of(rule: str) -> str:
    return without_counters(rule).split(" ", 2)[1]


def rules_by_chain(table: XTable) -> dict[str, list[str]]:
    chains: dict[str, list[str]] = {chain.name: [] for chain in table.chains}
    for rule in table.rules:
        chains.setdefault(_chain_of(rule), []).append(rule)
    return chains


def save_canonical(table: XTable, owned: Owned) -> tuple[str, str]:
    """What the administrator's rules say, and what those of dynamic owners say; each "" if there is nothing.

    The order of rules inside a chain counts; the order of chains does not.
    """
    static: list[str] = []
    dynamic: list[str] = []
    rules = rules_by_chain(table)
    for chain in sorted(table.chains):
        head = f":{chain.name} {chain.policy}"
        if owned.chain(chain.name):
            dynamic += [head, *map(without_counters, rules[chain.name])]
            continue
        static.append(head)
        for rule in map(without_counters, rules[chain.name]):
            (dynamic if owned.rule(rule) else static).append(rule)
    if all(line.startswith(":") and line.endswith(" ACCEPT") for line in static):
        static = []
    return "\n".join(static), "\n".join(dynamic)


def default_table(name: str) -> XTable:
    return XTable(name, tuple(XChain(chain, "ACCEPT", "[0:0]") for chain in BUILT_IN.get(name, ())), ())


def save_compose(recorded: XTable, live: XTable | None, owned: Owned) -> XTable:
    """The recorded table with what is the dynamic owners' in the live one."""
    if live is None:
        return recorded
    old, new = rules_by_chain(recorded), rules_by_chain(live)
    active: set[str] = {owner for chain, rules in new.items() for owner in _owners_in(chain, rules, owned)}
    chains: list[XChain] = []
    rules: list[str] = []
    live_names = [chain.name for chain in live.chains]
    for chain in recorded.chains:
        owner = owned.chain(chain.name)
        if not owner:
            chains.append(chain)
            rules += merge_rules(old[chain.name], new.get(chain.name, []), without_counters, owned, active)
        elif owner not in active:
            chains.append(chain)
            rules += old[chain.name]
        elif chain.name in live_names:
            chains.append(chain)
            rules += new[chain.name]
    known = {chain.name for chain in recorded.chains}
    for chain in live.chains:
        if chain.name not in known and owned.chain(chain.name):
            chains.append(chain)
            rules += new[chain.name]
    return XTable(recorded.name, tuple(chains), tuple(rules))


def _owners_in(chain: str, rules: list[str], owned: Owned) -> list[str]:
    owner = owned.chain(chain)
    if owner:
        return [owner] if rules else []
    return [found for found in (owned.rule(without_counters(rule)) for rule in rules) if found]


def save_format(tables: list[XTable]) -> str:
    """Tables as iptables-restore reads them; each is replaced as a whole, in one step."""
    lines: list[str] = []
    for table in tables:
        lines.append(f"*{table.name}")
        lines += [f":{chain.name} {chain.policy} {chain.counters}" for chain in table.chains]
        lines += [*table.rules, "COMMIT"]
    return "\n".join([*lines, ""])


def load_save(backend: Backend, tables: list[XTable], test: bool = False) -> None:
    """Give tables to the backend's restore program. Raises AgentError if it refuses."""
    if not tables:
        return
    restore = program(backend, "restore")
    if restore is None:
        raise AgentError(
            f"{backend.programs[0]}-restore is not installed on this host", f"install {backend.programs[0]}"
        )
    done = run([restore, "-c", *(["--test"] if test else [])], save_format(tables))
    if done.rc:
        raise AgentError(
            f"{restore} refuses the recorded tables: {done.said}", "look at the rule that it names"
        )
