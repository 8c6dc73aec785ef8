# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Address books of SRX.

Source: Juniper, "Security Policies User Guide", "Configuring Address Books and Address Sets": a name is looked up in
the book that is attached to the zone, then in the global one; global policies know the global book only. A name that
is in none, no device takes: what it would stand for is not known.
"""

from __future__ import annotations

from ...model.match import ALWAYS, Match, Unknown
from . import asks
from .braces import Node
from .words import NotUnderstoodError

_ANY: dict[str, Match] = {"any": ALWAYS, "any-ipv4": asks.IPV4, "any-ipv6": asks.IPV6}
_DEEPEST = 50


class AddressBooks:
    """``not_understood``: why what is named is not known, by name."""

    def __init__(self, root: Node) -> None:
        self._books: dict[str, list[Node]] = {}
        self._global: Node | None = None
        self.not_understood: dict[str, str] = {}
        self._found: dict[tuple[str, str, str], Match] = {}
        for book in root.each("security", "address-book"):
            if book.word == "global":
                self._global = book
            for zone in book.names("attach", "zone"):
                self._books.setdefault(zone, []).append(book)
        for zone_node in root.each("security", "zones", "security-zone"):
            inner = zone_node.find("address-book")
            if inner is not None:
                self._books.setdefault(zone_node.word, []).append(inner)

    def match(self, zone: str, name: str, field: str) -> Match:
        """What an address or set asks of ``src`` or ``dst``. ``zone``: empty for the global book alone."""
        if name in _ANY:
            return _ANY[name]
        key = zone, name, field
        if key not in self._found:
            try:
                self._found[key] = self._look_up(zone, name, field)
            except NotUnderstoodError as error:
                self.not_understood[name] = str(error)
                self._found[key] = Unknown(f"address {name} of {zone or 'global'}, {field}", str(error))
        return self._found[key]

    def _look_up(self, zone: str, name: str, field: str) -> Match:
        for book in (*self._books.get(zone, ()), self._global):
            if book is not None and (book.find("address", name) or book.find("address-set", name)):
                return self._in(book, name, field, 0)
        raise NotUnderstoodError(f"address {name} is not defined")

    def _in(self, book: Node, name: str, field: str, depth: int) -> Match:
        if depth > _DEEPEST:
            raise NotUnderstoodError(f"address set {name} contains itself")
        node = book.find("address", name) or book.find("address-set", name)
        if node is None:
            raise NotUnderstoodError(f"address {name} is not defined")
        doubt = next(node.doubts(), "")
        if doubt:
            raise NotUnderstoodError(f"address {name}: {doubt}")
        if book.find("address", name) is not None:
            return _address(node, field)
        found = []
        for words in node.leaves():
            if words[0] == "description":
                continue
            if len(words) != 2 or words[0] not in ("address", "address-set"):
                raise NotUnderstoodError(f"address set {name}: {' '.join(words)!r} is not understood")
            found.append(self._member(book, words[1], field, depth + 1))
        return asks.either(found)

    def _member(self, book: Node, name: str, field: str, depth: int) -> Match:
        """A member that is not known is that by itself: the others of its set are."""
        key = f"{id(book)}", name, field
        if key not in self._found:
            try:
                self._found[key] = self._in(book, name, field, depth)
            except NotUnderstoodError as error:
                self.not_understood[name] = str(error)
                self._found[key] = Unknown(f"address {name} of {book.word}, {field}", str(error))
        return self._found[key]


def _address(node: Node, field: str) -> Match:
    found: list[Match] = []
    for words in node.leaves():
        kind = words[0]
        try:
            if kind in ("description", "ip-prefix") and len(words) > 1:
                if kind == "ip-prefix":
                    found.append(asks.network(field, words[1]))
            elif kind == "range-address" and len(words) == 4 and words[2] == "to":
                found.append(asks.address(field, f"{words[1]}-{words[3]}"))
            elif kind == "wildcard-address" and len(words) == 2:
                value, _slash, mask = words[1].partition("/")
                found.append(asks.netmask(field, value, mask))
            elif kind == "dns-name" and len(words) > 1:
                said = f"dns-name {' '.join(words[1:])}"
                found.append(
                    Unknown(f"{field} {said}", f"{said}: its addresses are not in the configuration")
                )
            elif len(words) == 1 or words[1] == "description":
                found.append(asks.network(field, kind))
            else:
                raise ValueError(kind)
        except ValueError:
            raise NotUnderstoodError(f"address {node.word}: {' '.join(words)!r} is not understood") from None
    if not found:
        raise NotUnderstoodError(f"address {node.word} has no value")
    return asks.either(found)
