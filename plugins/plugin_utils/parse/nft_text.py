# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The text of nft rules: as `nft -a list ruleset` lists them, or written from their JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

from .nft_operands import META, words_of

Json = Any
_TABLE = re.compile(r"table (\S+) (.+) \{(?: # handle \d+)?$")
_FLAGS = re.compile(r"\tflags (.+)$")
_CHAIN = re.compile(r"\tchain (.+) \{(?: # handle \d+)?$")
_SET = re.compile(r"\t(?:set|map) (\S+) \{(?: # handle \d+)?$")
_MERGED = "\t\tauto-merge"
_DEVICE = re.compile(r'\t\ttype \S+ hook \S+ devices? (?:= )?(\{[^}]*\}|"[^"]*"|\S+) ')
_HANDLE = " # handle "


class Listing:
    """``nft -a list ruleset``: each rule's line by table and handle, and what the JSON form leaves out. ``merged``: the
    sets whose intervals nft merges."""

    def __init__(self, text: str) -> None:
        self.flags: dict[str, list[str]] = {}
        self.devices: dict[str, list[str]] = {}
        self.merged: set[str] = set()
        self.rules: dict[str, dict[int, str | None]] = {}
        self._read(text)

    def rule(self, place: str, handle: int) -> str | None:
        """The rule's own line, None if there is none or (a comment may forge one) more than one."""
        return self.rules.get(place, {}).get(handle)

    def _read(self, text: str) -> None:
        place, chain, named = "", "", ""
        lines: dict[int, str | None] = {}
        for line in _lines(text):
            at = line.rfind(_HANDLE)
            if line.startswith("\t\t"):
                if at > 0 and line[at + len(_HANDLE) :].isdigit():
                    handle = int(line[at + len(_HANDLE) :])
                    lines[handle] = None if handle in lines else line[2:at].strip()
                elif line == _MERGED:
                    self.merged.add(f"{place}/{named}")
                elif " device" in line and (found := _DEVICE.match(line)):
                    self.devices[f"{place}/{chain}"] = [
                        name.strip().strip('"') for name in found[1].strip("{} ").split(",") if name.strip()
                    ]
            elif line.startswith("\t"):
                if found := _CHAIN.match(line):
                    chain = found[1].strip('"')
                elif found := _SET.match(line):
                    named = found[1]
                elif found := _FLAGS.match(line):
                    self.flags[place] = [word.strip() for word in found[1].rstrip(";").split(",")]
            elif found := _TABLE.match(line):
                place = f"{found[1]}/{found[2].strip(chr(34))}"
                lines = self.rules.setdefault(place, {})


def _lines(text: str) -> Iterator[str]:
    """Lines; in quotes (nft has no escapes there) a line's end is a character like any other."""
    held: list[str] = []
    for line in text.split("\n"):
        quotes = line.count('"') % 2
        if not held and not quotes:
            yield line
            continue
        held.append(line)
        if quotes and len(held) > 1:
            yield "\n".join(held)
            held = []
    if held:
        yield "\n".join(held)


def rule_text(expression: list[Json], comment: str = "") -> str:
    """A rule in nft's words, made from its JSON."""
    words = [statement_text(statement) for statement in expression]
    if comment:
        words.append(f'comment "{comment}"')
    return " ".join(words)


def statement_text(statement: Json) -> str:
    """One statement. What has no form here is shown as JSON, so that nothing is left out."""
    if isinstance(statement, str):
        return statement
    if not isinstance(statement, dict) or len(statement) != 1:
        return json.dumps(statement, sort_keys=True)
    ((name, value),) = statement.items()
    if value is None:
        return str(name)
    form = _STATEMENTS.get(name)
    return form(name, value) if form and isinstance(value, dict) else f"{name} {value_text(value)}"


def _match_text(_name: str, value: Json) -> str:
    op = "" if value["op"] in ("==", "in") else f"{value['op']} "
    return f"{value_text(value['left'])} {op}{value_text(value['right'])}"


def _limit_text(name: str, value: Json) -> str:
    over = "over " if value.get("inv") else ""
    unit = f" {value['rate_unit']}" if value.get("rate_unit", "packets") != "packets" else ""
    return f"{name} rate {over}{value.get('rate')}{unit}/{value.get('per')} burst {value.get('burst', 0)}"


def _nat_text(name: str, value: Json) -> str:
    words = [name]
    if "family" in value:
        words.append(value["family"])
    address = value_text(value["addr"]) if "addr" in value else ""
    port = f":{value_text(value['port'])}" if "port" in value else ""
    if address or port:
        words.append(f"to {address}{port}")
    return " ".join(words)


def _set_text(_name: str, value: Json) -> str:
    limits = "".join(f" {statement_text(statement)}" for statement in value.get("stmt") or ())
    element = value.get("elem")
    if isinstance(element, dict) and "elem" in element:
        element = element["elem"]["val"]
    return f"{value.get('op')} {value.get('set')} {{ {value_text(element)}{limits} }}"


def _meter_text(name: str, value: Json) -> str:
    return (
        f"{name} {value.get('name')} {{ {value_text(value.get('key'))} {statement_text(value.get('stmt'))} }}"
    )


def _count_text(name: str, value: Json) -> str:
    return (
        f"{name} {'over ' if value.get('inv') else ''}{value.get('val')} {value.get('val_unit', '')}".rstrip()
    )


_STATEMENTS: dict[str, Callable[[str, Json], str]] = {
    "match": _match_text,
    "jump": lambda name, value: f"{name} {value['target']}",
    "goto": lambda name, value: f"{name} {value['target']}",
    "counter": lambda name, value: name,
    "vmap": lambda name, value: f"{value_text(value['key'])} vmap {value_text(value['data'])}",
    "mangle": lambda name, value: f"{value_text(value['key'])} set {value_text(value['value'])}",
    "limit": _limit_text,
    "set": _set_text,
    "meter": _meter_text,
    "quota": _count_text,
    "ct count": _count_text,
    "log": lambda name, value: " ".join([name, *(f'{key} "{item}"' for key, item in value.items())]),
    "reject": lambda name, value: " ".join([name, "with", *(str(item) for item in value.values())]),
    **dict.fromkeys(("snat", "dnat", "masquerade", "redirect"), _nat_text),
}


def value_text(value: Json) -> str:
    """An expression or a value in nft's words."""
    if isinstance(value, bool):
        return "exists" if value else "missing"
    if isinstance(value, (str, int)):
        return str(value)
    if isinstance(value, list):
        return ",".join(value_text(item) for item in value)
    if isinstance(value, dict) and len(value) == 1:
        ((name, inner),) = value.items()
        form = _VALUES.get(name)
        if form is not None and isinstance(inner, (dict, list)):
            return form(inner)
        if name in ("&", "|", "^", "<<", ">>"):
            return f" {name} ".join(value_text(item) for item in inner)
    return words_of(value)


def _meta_text(inner: Json) -> str:
    known = META.get(inner.get("key"))
    return known.text if known else words_of({"meta": inner})


def _element_text(item: Json) -> str:
    if isinstance(item, list) and len(item) == 2:
        of_verdict = isinstance(item[1], dict) and not _VALUES.keys() & item[1].keys()
        return f"{value_text(item[0])} : {statement_text(item[1]) if of_verdict else value_text(item[1])}"
    return value_text(item)


_VALUES: dict[str, Callable[[Json], str]] = {
    "prefix": lambda inner: f"{inner['addr']}/{inner['len']}",
    "range": lambda inner: f"{value_text(inner[0])}-{value_text(inner[1])}",
    "concat": lambda inner: " . ".join(value_text(item) for item in inner),
    "set": lambda inner: "{ " + ", ".join(_element_text(item) for item in inner) + " }",
    "map": lambda inner: f"{value_text(inner['key'])} map {value_text(inner['data'])}",
    "elem": lambda inner: value_text(inner.get("val")),
    "meta": _meta_text,
}
