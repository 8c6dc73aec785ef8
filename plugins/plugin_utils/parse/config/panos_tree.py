# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The configuration of PAN-OS as a tree, from each of the forms in which it is shown.

Source: Palo Alto Networks, "PAN-OS CLI Quick Start", "View settings and statistics" (``set cli
config-output-format default|set|xml``), "Modify the configuration" (set, delete, move, rename). A value stands in
the tree as the name of a node without children: what is a name and what is a value, the reader of a part knows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.parsers import expat

from .words import NotUnderstoodError

DEVICE = ("devices", "localhost.localdomain")
_VSYS = (*DEVICE, "vsys", "vsys1")
# What follows the verb of a line: the root of the whole, or the device's own parts; all else is of the only vsys.
_ROOTS = ("devices", "shared", "mgt-config", "panorama", "readonly", "policy")
_OF_DEVICE = (
    "deviceconfig", "device-group", "log-collector", "log-collector-group", "network", "platform", "plugins",
    "template", "template-stack", "vsys", "wildfire-appliance", "wildfire-appliance-cluster",
)  # fmt: skip
_NOISE = re.compile(r"^(?:[\w.-]+@[\w.()-]+[>#%]|\[edit\b|#|!|\s*$)")
_PAGED = re.compile(r"^(?:lines \d+-\d+|--more--)", re.IGNORECASE)
_TOKEN = re.compile(r'"((?:[^"\\]|\\.)*)"|([^\s"]+)|(\s+)', re.DOTALL)
_BRACED = re.compile(r'"((?:[^"\\]|\\.)*)"|([{};])|([^\s"{};]+)|(\s+)', re.DOTALL)
_ESCAPED = re.compile(r'\\(["\\])')
_CLOSING = re.compile(r"</[\w.-]+>|/>")
_DEEPEST = 200

# Settings that take one value or one list, after which a line goes on beside them: by the name two levels up.
_RULE_LEAVES = frozenset(
    (
        "action", "application", "category", "description", "destination", "destination-hip", "disabled", "from",
        "hip-profiles", "icmp-unreachable", "log-end", "log-setting", "log-start", "nat-type", "negate-destination",
        "negate-source", "port", "protocol", "rule-type", "schedule", "service", "source", "source-hip",
        "source-user", "tag", "to", "to-interface",
    )
)  # fmt: skip
_ADDRESS_LEAVES = frozenset(("description", "fqdn", "ip-netmask", "ip-range", "ip-wildcard", "static", "tag"))
_MEMBER_LEAVES = frozenset(("description", "members", "tag"))
_LEAVES: dict[str, frozenset[str]] = {
    "rules": _RULE_LEAVES,
    "address": _ADDRESS_LEAVES,
    "address-group": _ADDRESS_LEAVES,
    "service": _MEMBER_LEAVES,
    "service-group": _MEMBER_LEAVES,
    "application-group": _MEMBER_LEAVES,
    "protocol": frozenset(("port", "source-port")),
    "rule": frozenset(("translated-address", "translated-port", "bi-directional")),
}


@dataclass(slots=True)
class Node:
    """``line``: where it was first named, counted from 1."""

    line: int = 0
    children: dict[str, Node] = field(default_factory=dict)

    def at(self, *path: str) -> Node:
        """The node below; an empty one where there is none."""
        node: Node | None = self
        for name in path:
            node = node.children.get(name) if node is not None else None
        return node if node is not None else _NOTHING

    def has(self, name: str) -> bool:
        return name in self.children

    def values(self, *path: str) -> list[str]:
        return list(self.at(*path).children)

    def value(self, name: str, default: str = "") -> str:
        """NotUnderstoodError where there are several, or none although it is named."""
        if name not in self.children:
            return default
        found = self.values(name)
        if len(found) != 1:
            raise NotUnderstoodError(f"{name} has {len(found)} values")
        return found[0]

    def put(self, name: str, line: int) -> Node:
        found = self.children.get(name)
        if found is None:
            found = self.children[name] = Node(line)
        return found

    def shown(self) -> str:
        """Everything in it, as words: a list in brackets."""
        parts = []
        for name, node in self.children.items():
            inner = node.shown()
            several = len(node.children) > 1
            parts.append(
                quoted(name) if not inner else f"{quoted(name)} {f'[ {inner} ]' if several else inner}"
            )
        return " ".join(parts)


_NOTHING = Node()


def quoted(name: str) -> str:
    return f'"{name}"' if not name or re.search(r"\s", name) else name


def tree(text: str) -> tuple[Node, list[tuple[int, str]]]:
    """The root, and the lines that were not understood. NotUnderstoodError for what can't be read as a whole."""
    for number, line in enumerate(text.splitlines(), start=1):
        if _PAGED.match(line.strip()):
            raise NotUnderstoodError(f"line {number}: the output was paged")
    begin = re.search(r"^[ \t]*<(?:\?xml|config|response|!|[a-z])", text, re.MULTILINE)
    if begin is not None:
        return _xml(text, begin.start()), []
    if re.search(r"\{[ \t]*(?:#.*)?$", text, re.MULTILINE) and not re.search(r"^set ", text, re.MULTILINE):
        return _braces(text), []
    return _set_lines(text)


def rooted(words: list[str]) -> list[str]:
    """A path as a device's line gives it, from the root."""
    if words[0] == "config":
        words = words[1:]
    if not words:
        return []
    if words[:2] == ["policy", "panorama"]:
        return words[1:]
    if words[0] in _ROOTS:
        return words
    return [*(DEVICE if words[0] in _OF_DEVICE else _VSYS), *words]


# ---- XML


def _xml(text: str, begin: int) -> Node:
    """The standard library's parser, without document types and entities: a configuration has none, and they may
    grow without end ("billion laughs")."""
    tags = [found.end() for found in _CLOSING.finditer(text, begin)]
    body = text[begin : tags[-1] if tags else len(text)]  # a prompt may follow
    first = text.count("\n", 0, begin)
    reader = _Reader(first)
    try:
        reader.parser.Parse(body.lstrip().encode(errors="replace"), True)
    except expat.ExpatError as error:
        raise NotUnderstoodError(
            f"line {first + error.lineno}: no XML that is whole ({expat.ErrorString(error.code)})"
        ) from None
    return reader.result()


class _Reader:
    def __init__(self, first: int) -> None:
        self.parser = expat.ParserCreate("utf-8")
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._data
        self.parser.StartDoctypeDeclHandler = self._refuse
        self.parser.EntityDeclHandler = self._refuse
        self.parser.buffer_text = True
        self._first = first
        self._top = Node(0)
        self._stack: list[Node] = [self._top]
        self._text: list[str] = []
        self._names: list[str] = []

    def _line(self) -> int:
        return self._first + self.parser.CurrentLineNumber

    def _refuse(self, *_given: object) -> None:
        raise NotUnderstoodError(
            f"line {self._line()}: a document type or an entity, which no configuration has"
        )

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        if "".join(self._text).strip():
            raise NotUnderstoodError(_between(self._line(), "".join(self._text).strip()))
        self._text = []
        if len(self._stack) > _DEEPEST:
            raise NotUnderstoodError(f"line {self._line()}: nested more than {_DEEPEST} deep")
        self._names.append(tag)
        if tag == "member":
            self._stack.append(self._stack[-1])  # its text is a value of what is around it
            return
        if tag == "entry" and "name" not in attributes:
            raise NotUnderstoodError(f"line {self._line()}: an entry without a name")
        name = attributes["name"] if tag == "entry" else tag
        self._stack.append(self._stack[-1].put(name, self._line()))

    def _end(self, tag: str) -> None:
        said = "".join(self._text).strip()
        self._text = []
        node = self._stack.pop()
        if said and node.children and tag != "member":
            raise NotUnderstoodError(_between(self._line(), said))
        if said:
            node.put(said, self._line())
        elif tag == "member":
            node.put("", self._line())

    def _data(self, data: str) -> None:
        self._text.append(data)

    def result(self) -> Node:
        """The element ``config``, also within what the API answers."""
        top = self._top
        if top.has("response"):
            top = top.at("response")
            top = top.at("result") if top.has("result") else top
        if not top.has("config"):
            raise NotUnderstoodError("there is no element 'config' in it")
        return top.at("config")


def _between(line: int, said: str) -> str:
    """Shown if it is a template's: it might be a secret."""
    shown = f": {said[:60]!r}" if said.startswith("{") else ""
    return f"line {line}: text between elements{shown}"


# ---- braces


def _braces(text: str) -> Node:
    lines = [("" if _NOISE.match(line.lstrip()) else line) for line in text.splitlines()]
    root = Node(0)
    path: list[list[str]] = [[]]
    words: list[str] = []
    at, line = 0, 1
    body = "\n".join(lines)
    while at < len(body):
        found = _BRACED.match(body, at)
        if found is None:
            raise NotUnderstoodError(f"line {line}: a quotation mark that is not closed")
        at = found.end()
        said, mark, plain, _space = found.groups()
        if mark == "{":
            if len(path) > _DEEPEST or not words:
                raise NotUnderstoodError(
                    f"line {line}: {'nested too deep' if words else 'a block without a name'}"
                )
            path.append([*path[-1], *words])
            _insert(root, path[-1], [], line)
            words = []
        elif mark == "}":
            if len(path) == 1 or words:
                raise NotUnderstoodError(
                    f"line {line}: {'words without an end' if words else 'closes nothing'}"
                )
            path.pop()
        elif mark == ";":
            _insert(root, path[-1], words, line)
            words = []
        elif said is not None:
            words.append(_ESCAPED.sub(r"\1", said))
        elif plain is not None:
            words.extend(_brackets(plain))
        line += found[0].count("\n")
    if len(path) > 1 or words:
        raise NotUnderstoodError(f"it breaks off within {' '.join(path[-1][:6]) or words[0]!r}")
    return root


def _brackets(word: str) -> list[str]:
    """``[a`` and ``b]`` are a bracket and a word."""
    found = []
    if word.startswith("["):
        found.append("[")
        word = word[1:]
    ends = word.endswith("]")
    if word.rstrip("]"):
        found.append(word.rstrip("]") if ends else word)
    return [*found, "]"] if ends else found


def _insert(root: Node, prefix: list[str], words: list[str], line: int) -> None:
    path = [*prefix, *words]
    if not path:
        return
    full = rooted(path)
    start = max(0, len(full) - len(words)) if words else len(full)
    _grow(root, full, start, line)


# ---- set commands


def _set_lines(text: str) -> tuple[Node, list[tuple[int, str]]]:
    return apply(Node(0), text)


def apply(root: Node, text: str) -> tuple[Node, list[tuple[int, str]]]:
    """Do what lines say to what there is: the root, and the lines that were not understood."""
    strange: list[tuple[int, str]] = []
    for number, line in _logical(text):
        words = _words(line, number)
        verb = words[0]
        if verb == "set" and len(words) > 1:
            _grow(root, rooted(words[1:]), 0, number)
        elif verb == "delete" and len(words) > 1:
            _delete(root, rooted(words[1:]))
        elif verb in ("move", "rename") and len(words) > 3:
            if not (_move if verb == "move" else _rename)(root, rooted(words[1:])):
                strange.append((number, line))
        else:
            strange.append((number, line))
    return root, strange


def _logical(text: str) -> Iterator[tuple[int, str]]:
    lines = text.splitlines()
    at = 0
    while at < len(lines):
        number, line = at + 1, lines[at].strip()
        at += 1
        prompted = re.match(r"^[\w.-]+@[\w.()-]+[>#%] *(?=(?:set|delete|move|rename) )", line)
        if prompted:
            line = line[prompted.end() :]
        if _NOISE.match(line):
            continue
        if _ESCAPED.sub("", line).count('"') % 2:
            parts = [line]
            while at < len(lines):
                parts.append(lines[at])
                at += 1
                if '"' in _ESCAPED.sub("", parts[-1]):
                    break
            line = "\n".join(parts)
        yield number, line


def words_of(line: str) -> list[str]:
    return _words(line, 1)


def _words(line: str, number: int) -> list[str]:
    if '"' not in line:
        words = line.split()
    else:
        words, at = [], 0
        while at < len(line):
            found = _TOKEN.match(line, at)
            if found is None:
                raise NotUnderstoodError(f"line {number}: a quotation mark that is not closed")
            at = found.end()
            if found[1] is not None:
                words.append(_ESCAPED.sub(r"\1", found[1]))
            elif found[2] is not None:
                words.append(found[2])
    return words


def _grow(root: Node, words: list[str], start: int, line: int) -> None:
    """``words`` from the root. Those from ``start`` on may be a setting, its value, and further settings."""
    at, node = 0, root
    path: list[str] = []
    rule: tuple[Node, list[str]] | None = None
    while at < len(words):
        word = words[at]
        if rule is not None and len(path) > len(rule[1]) + 1 and word in _RULE_LEAVES and at >= start:
            node, path = rule[0], list(rule[1])  # behind what a rule has in parts, such as profile-setting
        if word == "[":
            at += 1
            while at < len(words) and words[at] != "]":
                node.put(words[at], line)
                at += 1
            if at == len(words):
                raise NotUnderstoodError(f"line {line}: a list that is not closed")
            if at + 1 < len(words):
                raise NotUnderstoodError(f"line {line}: {' '.join(words[at + 1 :])!r} after a list")
            return
        if at >= start and len(path) > 1 and word in leaves(path):
            leaf, at = node.put(word, line), at + 1
            if _has_kind(word, words[at : at + 2]):
                leaf, at = leaf.put(words[at], line), at + 1
            at = _value(leaf, words, at, line)
            continue
        if len(path) > _DEEPEST:
            raise NotUnderstoodError(f"line {line}: more than {_DEEPEST} words in a row")
        node = node.put(word, line)
        path.append(word)
        if len(path) > 1 and path[-2] == "rules":
            rule = node, list(path)
        at += 1


def _has_kind(word: str, behind: list[str]) -> bool:
    """``from zone a`` and ``from interface b``, of rules for denial of service and forwarding."""
    if word not in ("from", "to") or len(behind) < 2:
        return False
    return behind[0] in ("zone", "interface") and behind[1] not in _RULE_LEAVES


def leaves(path: list[str]) -> frozenset[str]:
    """The settings of what is at a path, after which a line may go on."""
    if path[-1] in ("destination-translation", "static-ip", "dynamic-ip-and-port", "dynamic-ip"):
        return _LEAVES["rule"]
    return _LEAVES.get(path[-2], frozenset())


def _value(leaf: Node, words: list[str], at: int, line: int) -> int:
    if at == len(words):
        return at
    if words[at] != "[":
        leaf.put(words[at], line)
        return at + 1
    at += 1
    while at < len(words) and words[at] != "]":
        leaf.put(words[at], line)
        at += 1
    if at == len(words):
        raise NotUnderstoodError(f"line {line}: a list that is not closed")
    return at + 1


def _delete(root: Node, path: list[str]) -> None:
    if path:
        root.at(*path[:-1]).children.pop(path[-1], None)


def _rename(root: Node, words: list[str]) -> bool:
    """``rename … OLD to NEW``."""
    if len(words) < 4 or words[-2] != "to":
        return False
    table, old, new = root.at(*words[:-3]), words[-3], words[-1]
    if old not in table.children or new in table.children:
        return False
    table.children = {(new if name == old else name): node for name, node in table.children.items()}
    return True


def _move(root: Node, words: list[str]) -> bool:
    """``move … RULE top|bottom`` or ``move … RULE before|after OTHER``."""
    beside = words[-1] if len(words) > 2 and words[-2] in ("before", "after") else ""
    how = words[-2] if beside else words[-1]
    path = words[: -2 if beside else -1]
    table, name = root.at(*path[:-1]), path[-1]
    if name not in table.children or how not in ("top", "bottom", "before", "after"):
        return False
    order = [key for key in table.children if key != name]
    if beside and beside not in order:
        return False
    place = {"top": 0, "bottom": len(order)}.get(how)
    if place is None:
        place = order.index(beside) + (how == "after")
    order.insert(place, name)
    table.children = {key: table.children[key] for key in order}
    return True
