# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One line of iptables-save -> its options: which match or target each belongs to, and what it says."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_WORD = re.compile(r'"((?:[^"\\]|\\.)*)"|(\S+)', re.DOTALL)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
# Options that take this many words, whatever the words look like: iptables-save leaves a comment of `-j`
# without quotes.
_VALUES = {
    "-m": 1,
    "-j": 1,
    "-g": 1,
    "-s": 1,
    "-d": 1,
    "-p": 1,
    "-i": 1,
    "-o": 1,
    "--comment": 1,
    "--log-prefix": 1,
    "--nflog-prefix": 1,
    "--ulog-prefix": 1,
    "--name": 1,
    "--hashlimit-name": 1,
    "--string": 1,
    "--hex-string": 1,
    "--helper": 1,
    "--timeout": 1,
    "--match-set": 2,
    "--add-set": 2,
    "--del-set": 2,
    "--map-set": 2,
    "--tcp-flags": 2,
}
# What the protocol named by ``-p`` is asked for; in a file that people wrote it may stand behind the target.
_OF_PROTOCOLS = {
    "--sport",
    "--source-port",
    "--dport",
    "--destination-port",
    "--tcp-flags",
    "--tcp-option",
    "--syn",
    "--icmp-type",
    "--icmpv6-type",
}
_SHORT = {
    "--source": "-s",
    "--src": "-s",
    "--destination": "-d",
    "--dst": "-d",
    "--protocol": "-p",
    "--proto": "-p",
    "--in-interface": "-i",
    "--out-interface": "-o",
    "--fragment": "-f",
    "--match": "-m",
    "--jump": "-j",
    "--goto": "-g",
}


@dataclass(frozen=True, slots=True)
class Option:
    name: str
    values: tuple[str, ...] = ()
    negated: bool = False

    @property
    def words(self) -> str:
        """As iptables-save writes it, for keys and messages; without a negation."""
        return " ".join((self.name, *self.values))


@dataclass(slots=True)
class Line:
    """``groups``: options by match module in their order; the module ``""`` holds those that need none.
    ``target``: what ``-j`` or ``-g`` names, empty if neither is there. ``problems``: words by which it is not
    certain what the rule does."""

    groups: list[tuple[str, list[Option]]] = field(default_factory=list)
    target: str = ""
    goto: bool = False
    target_options: list[Option] = field(default_factory=list)
    comment: str = ""
    problems: list[str] = field(default_factory=list)


def read(text: str) -> Line:
    """Split one rule, from the word after its chain on."""
    found = Line()
    module, targeted = "", False
    for option in _options(_words(text)):
        if option.name in ("-j", "-g"):
            if found.target or option.negated or not any(option.values):
                found.problems.append(option.words)
            found.target = option.values[0] if option.values else ""
            found.goto = option.name == "-g"
            targeted = True
        elif option.name == "-m":
            module, targeted = option.values[0] if option.values else "?", False
            found.groups.append((module, []))
        elif option.name == "--comment" and module == "comment":
            found.comment = option.values[0] if option.values else ""
        elif option.name in _OF_PROTOCOLS and targeted:
            _group(found, "").append(option)
        elif option.name.startswith("--") and targeted:
            found.target_options.append(option)
            if option.negated:
                found.problems.append(f"! {option.words}")
        elif not option.name.startswith("--"):
            module, targeted = "", False
            _group(found, module).append(option)
        else:
            _group(found, module).append(option)
    return found


def options(text: str) -> list[Option]:
    """Those of one rule, from the word after its chain on, in their order."""
    return _options(_words(text))


def _group(found: Line, module: str) -> list[Option]:
    if not found.groups or found.groups[-1][0] != module:
        found.groups.append((module, []))
    return found.groups[-1][1]


def _words(text: str) -> list[tuple[str, bool]]:
    """Words and whether they were quoted. In quotes a backslash takes the next character as it is."""
    return [
        (_ESCAPE.sub(r"\1", quoted), True) if not plain else (plain, False)
        for quoted, plain in _WORD.findall(text)
    ]


def _options(words: list[tuple[str, bool]]) -> list[Option]:
    found: list[Option] = []
    at, negated = 0, False
    while at < len(words):
        word, quoted = words[at]
        at += 1
        if word == "!" and not quoted and not negated and at < len(words):
            negated = True
            continue
        name = _SHORT.get(word, word)
        if at < len(words) and words[at] == ("!", False) and _starts(words, at + 1) is False:
            negated = not negated  # the old place: `--dport ! 22`
            at += 1
        values: list[str] = []
        count = _VALUES.get(name)
        while at < len(words) and (len(values) < count if count is not None else not _starts(words, at)):
            values.append(words[at][0])
            at += 1
        found.append(Option(name, tuple(values), negated))
        negated = False
    return found


def _starts(words: list[tuple[str, bool]], at: int) -> bool | None:
    """Whether an option begins here; None at the end."""
    if at >= len(words):
        return None
    word, quoted = words[at]
    return not quoted and (
        word == "!" or (word.startswith("-") and not word[1:2].isdigit() and len(word) > 1)
    )
