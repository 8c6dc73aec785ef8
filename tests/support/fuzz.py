# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Damage to texts and documents, the same for the same seed; and bounds on what reading them may take."""

from __future__ import annotations

import copy
import json
import resource
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from random import Random
from types import FrameType
from typing import Any

SECONDS = 2.0
MEMORY = 512 << 20
ODD_WORDS = (
    "",
    "!",
    '"',
    '\\"',
    "-",
    "--",
    "-j",
    "-A",
    "--dport",
    "*",
    "@",
    "{",
    "}",
    "0",
    "-1",
    "65536",
    "4294967296",
    "9" * 30,
    "9" * 5000,
    "1e999",
    "0x",
    "0/0",
    "10.0.0.0/33",
    "10.0.0.1/24",
    "::/129",
    "::ffff:10.0.0.1",
    "fe80::1%eth0",
    "٣٢",
    "²",
    "é" * 3,
    "\u2028",
    "\x85",
    "\x0b",
    "\x0c",
    "\x1c",
    "\x00",
    "\x1b[2J",
    "\r",
    "\r\n",
    "\n",
    "\t",
    "\ud800",
    "\U0001f525",
    "a" * 20000,
    "{{ lookup('pipe', 'id') }}",
    "COMMIT",
    "*filter",
    "accept",
    "null",
    "zqx",
)
ODD_VALUES: tuple[Any, ...] = (
    None,
    True,
    False,
    -1,
    0,
    1,
    2**31,
    2**64,
    10**40,
    1.5,
    float("inf"),
    float("nan"),
    "",
    "x",
    "\\*",
    "*",
    "@",
    "@none",
    "0",
    "²",
    "\ud800",
    "\x00",
    "a" * 20000,
    [],
    [[]],
    ["a"],
    [1, 2],
    {},
    {"a": 1},
    {"set": []},
    {"set": [1]},
    {"set": "x"},
    {"range": [9]},
    {"range": [9, 1]},
    {"prefix": {"addr": "10.0.0.0", "len": 99}},
    {"elem": {"val": 1}},
    {"concat": []},
    {"map": {"key": 1, "data": {}}},
    {"|": 5},
    {"&": []},
)


def _deep(depth: int, opening: str, closing: str, core: str) -> str:
    return opening * depth + core + closing * depth


class Mutator:
    """``draw`` decides everything, so a seed names its input for good."""

    def __init__(self, seed: int) -> None:
        self.draw = Random(seed)

    def text(self, text: str) -> str:
        """One to three kinds of damage to words, lines or characters."""
        for _n in range(self.draw.choice((1, 1, 1, 2, 3))):
            text = self.draw.choice(_TEXT)(self, text)
        return text

    def json(self, text: str) -> str:
        """A JSON text with its structure damaged, or its characters."""
        if self.draw.random() < 0.3:
            return self.text(text)
        document = json.loads(text)
        for _n in range(self.draw.choice((1, 1, 1, 2, 4))):
            document = self.document(document)
        shown = json.dumps(document)
        if self.draw.random() < 0.03:
            depth = self.draw.choice((20, 150, 300, 900, 5000))
            core = self.draw.choice(('"x"', "1", "{}"))
            key = self.draw.choice(("not", "set", "elem", "concat", "x"))
            forms = (("[", "]"), (f'{{"{key}":', "}"), (f'{{"{key}":[', "]}"))
            shown = shown.replace(core, _deep(depth, *self.draw.choice(forms), core), 1)
        return shown

    def document(self, value: Any) -> Any:
        """A copy with one place damaged."""
        value = copy.deepcopy(value)
        places = places_in(value)
        if not places:
            return self.draw.choice(ODD_VALUES)
        container, key = self.draw.choice(places)
        kind = self.draw.random()
        if kind < 0.45:
            container[key] = copy.deepcopy(self.draw.choice(ODD_VALUES))
        elif kind < 0.6:
            del container[key]
        elif kind < 0.7 and isinstance(container, list):
            container.insert(self.draw.randrange(len(container) + 1), copy.deepcopy(container[key]))
        elif kind < 0.8 and isinstance(container, list):
            other = self.draw.randrange(len(container))
            container[key], container[other] = container[other], container[key]
        elif kind < 0.8 and isinstance(container, dict):
            container[self.draw.choice((*ODD_WORDS[:12], "zqx", "elem", "set"))] = container.pop(key)
        elif kind < 0.9:
            other_container, other_key = self.draw.choice(places)
            container[key] = copy.deepcopy(other_container[other_key])
        elif isinstance(container[key], str):
            container[key] = self.text(container[key])
        elif isinstance(container[key], int):
            container[key] += self.draw.choice((-1, 1, 256, 2**32))
        else:
            container[key] = [container[key]]
        return value

    def _at(self, text: str) -> int:
        return self.draw.randrange(len(text) + 1)

    def _flipped(self, text: str) -> str:
        data = bytearray(text.encode("utf-8", "surrogatepass"))
        for _n in range(self.draw.randrange(1, 6)):
            if data:
                data[self.draw.randrange(len(data))] ^= 1 << self.draw.randrange(8)
        return data.decode("utf-8", "replace")

    def _cut(self, text: str) -> str:
        return text[: self._at(text)]

    def _headless(self, text: str) -> str:
        return text[self._at(text) :]

    def _hole(self, text: str) -> str:
        low, high = sorted((self._at(text), self._at(text)))
        return text[:low] + text[min(high, low + 200) :]

    def _word(self, text: str) -> str:
        words = text.split(" ")
        at = self.draw.randrange(len(words))
        other = words[self.draw.randrange(len(words))]
        words[at : at + 1] = self.draw.choice(
            (
                [],
                [words[at], words[at]],
                [other],
                [words[at], other],
                [words[at][:-1]],
                [words[at], self.draw.choice(ODD_WORDS)],
                [self.draw.choice(ODD_WORDS)],
            )
        )
        return " ".join(words)

    def _line(self, text: str) -> str:
        lines = text.split("\n")
        at, other = self.draw.randrange(len(lines)), self.draw.randrange(len(lines))
        kind = self.draw.randrange(4)
        if kind == 0:
            del lines[at]
        elif kind == 1:
            lines.insert(other, lines[at])
        elif kind == 2:
            lines[at], lines[other] = lines[other], lines[at]
        else:
            lines[at] = lines[at] * self.draw.choice((2, 50)) if len(lines[at]) < 2000 else ""
        return "\n".join(lines)

    def _inserted(self, text: str) -> str:
        at = self._at(text)
        return text[:at] + self.draw.choice(ODD_WORDS) + text[at:]

    def _line_ends(self, text: str) -> str:
        return text.replace("\n", self.draw.choice(("\r\n", "\r", "\n\n", " \n", "\x00\n")))


_TEXT: tuple[Callable[[Mutator, str], str], ...] = (
    Mutator._flipped,
    Mutator._flipped,
    Mutator._cut,
    Mutator._headless,
    Mutator._hole,
    Mutator._word,
    Mutator._word,
    Mutator._word,
    Mutator._line,
    Mutator._line,
    Mutator._inserted,
    Mutator._inserted,
    Mutator._line_ends,
)


def places_in(value: Any) -> list[tuple[Any, Any]]:
    """Each container of a JSON document with a key into it, outermost first."""
    found: list[tuple[Any, Any]] = []
    stack = [value]
    while stack:
        one = stack.pop()
        keys = one.keys() if isinstance(one, dict) else range(len(one)) if isinstance(one, list) else ()
        for key in keys:
            found.append((one, key))
            stack.append(one[key])
    return found


class TooSlowError(Exception):
    """Reading one input took more than its share of the processor."""


def _too_slow(_signal: int, _frame: FrameType | None) -> None:
    raise TooSlowError(f"more than {SECONDS} s of processor time for one input")


@contextmanager
def bounded_memory() -> Iterator[None]:
    """At most ``MEMORY`` bytes more than now: what would take more fails with MemoryError."""
    with open("/proc/self/statm", encoding="ascii") as file:
        now = int(file.read().split()[0]) * resource.getpagesize()
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (now + MEMORY, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


@contextmanager
def bounded_time() -> Iterator[None]:
    """``SECONDS`` of processor time, so that a busy machine fails no test."""
    before = signal.signal(signal.SIGVTALRM, _too_slow)
    signal.setitimer(signal.ITIMER_VIRTUAL, SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
