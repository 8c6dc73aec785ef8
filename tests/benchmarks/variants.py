# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What may have become of a big nft ruleset. Each variant has other handles, too, as after a reload."""

from __future__ import annotations

import random
from collections.abc import Callable
from itertools import groupby
from typing import Any

Document = dict[str, Any]
_FLIPPED = {"accept": "drop", "drop": "accept"}


def _rules(document: Document) -> list[Document]:
    """The rules but for the first, which is about established connections."""
    return [item["rule"] for item in document["nftables"] if "rule" in item][1:]


def _verdict(rule: Document) -> str:
    return str(next(iter(rule["expr"][-1])))


def _flip(rules: list[Document]) -> None:
    for rule in rules:
        rule["expr"][-1] = {_FLIPPED[_verdict(rule)]: None}


def one(document: Document) -> None:
    """One permit denies."""
    rules = _rules(document)
    _flip([next(rule for rule in rules[len(rules) // 2 :] if _verdict(rule) == "accept")])


def thousand(document: Document) -> None:
    """1,000 rules do the opposite."""
    _flip(random.Random(1).sample(_rules(document), 1_000))


def reordered(document: Document) -> None:
    """Rules in a row with the same verdict stand in another order among themselves."""
    chance = random.Random(1)
    rules = _rules(document)
    found: list[list[Document]] = []
    for _kind, run in groupby(rules, _verdict):
        listed = [rule["expr"] for rule in run]
        chance.shuffle(listed)
        found += listed
    for rule, expressions in zip(rules, found):
        rule["expr"] = expressions


def default_action(document: Document) -> None:
    """What no rule is about is permitted."""
    next(item["chain"] for item in document["nftables"] if "chain" in item)["policy"] = "accept"


VARIANTS: dict[str, Callable[[Document], None]] = {
    "one rule": one,
    "1,000 rules": thousand,
    "another order": reordered,
    "the default action": default_action,
}


def changed(document: Document, variant: str) -> Document:
    VARIANTS[variant](document)
    for item in document["nftables"]:
        if "rule" in item:
            item["rule"]["handle"] += 7
    return document
