# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Junos configuration as XML, read into the tree of words that its text gives.

Sources: Juniper, "Junos XML Protocol Developer Guide", "Mapping Configuration Statements to Junos XML Tag Elements":
a keyword is a tag, an identifier the tag ``name`` within, ``<x/>`` a keyword without a value, the attribute
``inactive`` what is deactivated. Some tags have no word of their own in the text. Output of ``show configuration |
display xml`` or of NETCONF's get-config.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from xml.parsers import expat

from .braces import Node, Reading
from .words import NotUnderstoodError

# Tags without a word in the text, by the tag around them: their identifier stands there alone.
_SILENT = frozenset(
    (
        ("interfaces", "interface"),
        ("routing-instances", "instance"),
        ("prefix-list", "prefix-list-item"),
        ("logical-systems", "logical-system"),
    )
)
# Tags that only hold a value.
_VALUES = frozenset(
    (
        "addr-prefix",
        "dst-addr",
        "filter-name",
        "ipaddr",
        "pool-name",
        "range-high",
        "range-low",
        "source-end-user-profile-name",
    )
)
_RENAMED = {"dest-nat-rule-match": "match", "src-nat-rule-match": "match", "static-nat-rule-match": "match"}
_DEEPEST = 150


@dataclass(slots=True)
class _Element:
    tag: str
    line: int
    inactive: bool = False
    text: str = ""
    children: list[_Element] = field(default_factory=list)

    def take(self, tag: str) -> str:
        """The text of a child, which is no statement then; empty if there is none."""
        for child in self.children:
            if child.tag == tag:
                self.children.remove(child)
                return child.text.strip()
        return ""


def read(text: str) -> Reading:
    """NotUnderstoodError for what is cut off, or has no configuration in it."""
    found = Reading()
    _into(found.root, _configuration(_parsed(text)))
    return found


def _parsed(text: str) -> _Element:
    parser = expat.ParserCreate()
    top = _Element("", 0)
    stack = [top]

    def start(tag: str, attributes: Mapping[str, str]) -> None:
        if len(stack) > _DEEPEST:
            raise NotUnderstoodError("the XML is nested too deeply")
        one = _Element(tag.rpartition(":")[2], parser.CurrentLineNumber, "inactive" in attributes)
        stack[-1].children.append(one)
        stack.append(one)

    def data(said: str) -> None:
        stack[-1].text += said

    def refuse(*_said: object) -> None:
        raise NotUnderstoodError("XML with a document type is not read")

    parser.buffer_text = True
    parser.StartElementHandler = start
    parser.EndElementHandler = lambda _tag: stack.pop()
    parser.CharacterDataHandler = data
    parser.StartDoctypeDeclHandler = refuse
    try:
        parser.Parse(text.strip().encode("utf-8", "replace"), True)
    except expat.ExpatError as error:
        raise NotUnderstoodError(f"the XML can't be read: {error}") from None
    return top


def _configuration(top: _Element) -> _Element:
    waiting = [top]
    while waiting:
        one = waiting.pop()
        if one.tag == "configuration":
            return one
        waiting += one.children
    raise NotUnderstoodError("there is no <configuration> in the XML")


def _into(node: Node, element: _Element) -> None:
    for child in element.children:
        one = node
        name = child.take("name")
        zones = [child.take(f"{end}-zone-name") for end in ("from", "to")] if child.tag == "policy" else []
        if all(zones) and zones:
            words = ["from-zone", zones[0], "to-zone", zones[1]]
        elif child.tag in _VALUES or (element.tag, child.tag) in _SILENT:
            words = [name] if name else []
        else:
            words = [_RENAMED.get(child.tag, child.tag), *([name] if name else [])]
        if not child.children and child.text.strip():
            words.append(child.text.strip())
        for word in words:
            one = _child(one, word, child.line)
        if child.inactive:
            one.inactive = True
        _into(one, child)


def _child(node: Node, word: str, line: int) -> Node:
    made = node.children.get(word)
    if made is None:
        made = node.children[word] = Node(word, line)
    made.touched = max(made.touched, line)
    return made
