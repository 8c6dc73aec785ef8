# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ipsets: recorded, compared, and put back by swapping, so that rules which use them keep working."""

from __future__ import annotations

import re
from typing import Iterable, NamedTuple

from .host import AgentError, find, run
from .owners import Owned

# What the kernel chooses or counts by itself.
_CHOSEN = re.compile(r" (?:initval 0x[0-9a-f]+|hashsize \d+|bucketsize \d+)")
_ENTRY_STATE = re.compile(r" (?:packets \d+|bytes \d+|timeout \d+)")

TEMPORARY = "pathguard-{}"


class IpSet(NamedTuple):
    """``create``: type and options, as after ``create NAME``. ``entries``: as after ``add NAME``."""

    name: str
    create: str
    entries: tuple[str, ...]

    @property
    def type(self) -> str:
        return self.create.split(" ", 1)[0]

    @property
    def is_dynamic(self) -> bool:
        return bool(re.search(r" timeout \d+", self.create))


def ipset_text() -> str:
    """What ``ipset save`` prints; "" without the program: then nothing on this host made or can restore
    sets.
    """
    if find("ipset") is None:
        return ""
    done = run(["ipset", "save"])
    if done.rc:
        raise AgentError(f"ipset save failed: {done.said}", "run it on the host as root")
    return done.out


def read_ipsets(text: str) -> dict[str, IpSet]:
    """Sets in the order of ``ipset save``: a set stands before those that list it."""
    creates: dict[str, str] = {}
    entries: dict[str, list[str]] = {}
    for line in text.splitlines():
        verb, _space, rest = line.partition(" ")
        name, _space, what = rest.partition(" ")
        if verb == "create":
            creates[name], entries[name] = what, []
        elif verb == "add" and name in entries:
            entries[name].append(what)
        elif line.strip():
            raise AgentError(
                f"ipset save has a line that is not understood: {line[:80]}", "report this with the text"
            )
    return {name: IpSet(name, create, tuple(entries[name])) for name, create in creates.items()}


def ipset_canonical(found: IpSet, owned: Owned) -> tuple[str, str]:
    create = f"create {found.name}{_CHOSEN.sub('', ' ' + found.create)}"
    entries = "\n".join(sorted(_ENTRY_STATE.sub("", " " + entry).strip() for entry in found.entries))
    if owned.set(found.name):
        return "", f"{create}\n{entries}"
    return (create, entries) if found.is_dynamic else (f"{create}\n{entries}", "")


def _script(sets: Iterable[IpSet], names: dict[str, str]) -> str:
    lines: list[str] = []
    for found in sets:
        name = names.get(found.name, found.name)
        lines.append(f"create {name} {found.create}")
        for entry in found.entries:
            word, space, rest = entry.partition(" ")
            member = names.get(word, word) if found.type == "list:set" else word
            lines.append(f"add {name} {member}{space}{rest}")
    return "\n".join([*lines, ""])


def _load(script: str) -> None:
    done = run(["ipset", "restore"], script)
    if done.rc:
        raise AgentError(f"ipset refuses the recorded sets: {done.said}", "look at the entry that it names")


def ipset_refill(sets: list[IpSet]) -> str:
    """For ``ipset -exist restore``: each set is there, and has the recorded entries and no others."""
    scripts = [_script([found], {}).split("\n", 1) for found in sets]
    return "".join(f"{create}\nflush {found.name}\n{rest}" for found, (create, rest) in zip(sets, scripts))


def prove_ipsets(sets: list[IpSet]) -> None:
    """Load the sets under other names, which no rule uses, and drop them again. Raises AgentError."""
    if not sets:
        return
    names = {found.name: TEMPORARY.format(number) for number, found in enumerate(sets)}
    try:
        _load(_script(sets, names))
    finally:
        drop_ipsets(reversed(list(names.values())))


def drop_ipsets(names: Iterable[str]) -> list[str]:
    """Destroy sets; returns those that are still there because something uses them."""
    return [
        name
        for name in names
        if run(["ipset", "destroy", name]).rc and run(["ipset", "-n", "list", name]).rc == 0
    ]


def put_ipsets(recorded: list[IpSet], live: dict[str, IpSet], owned: Owned) -> list[IpSet]:
    """Put the recorded sets in place; returns those that could not be, because a set of another type has the
    name.

    A set that is there is filled under another name and swapped (ipset(8), swap), which rules do not notice.
    """
    other_type: list[IpSet] = []
    for found in recorded:
        there: IpSet | None = live.get(found.name)
        if there is None:
            _load(_script([found], {}))
            continue
        if found.is_dynamic or owned.set(found.name):
            found = found._replace(entries=there.entries)
        temporary = TEMPORARY.format("swap")
        drop_ipsets([temporary])
        _load(_script([found], {found.name: temporary}))
        if run(["ipset", "swap", temporary, found.name]).rc:
            other_type.append(found)
        drop_ipsets([temporary])
    return other_type


def stand_in(sets: list[IpSet]) -> dict[str, str]:
    """Load sets under names that nothing uses yet; returns name -> stand-in."""
    names = {found.name: TEMPORARY.format(f"type{number}") for number, found in enumerate(sets)}
    drop_ipsets(names.values())
    _load(_script(sets, names))
    return names


def replace_ipsets(sets: list[IpSet]) -> None:
    """Destroy what has the names of these sets, and create them. Raises AgentError if one is still in use."""
    stuck = drop_ipsets(found.name for found in sets)
    if stuck:
        raise AgentError(
            f"ipset {', '.join(stuck)} has another type now, and is in use",
            "take it out of the rules that name it",
        )
    _load(_script(sets, {}))
