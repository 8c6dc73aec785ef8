# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""nft tables as text: taken apart, made canonical, and put together for a restore.

The text of ``nft list ruleset`` is used, not its JSON: what nft prints as text it also reads (nft(8), "list
ruleset"), while its JSON loses flags of sets and the matches of iptables-nft.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from .host import AgentError
from .merge import merge_rules
from .owners import Owned, without_strings

SETS = ("set", "map", "meter")

# State that the kernel counts, and that says nothing of what a rule does.
_COUNTED = (
    (re.compile(r"\bcounter packets \d+ bytes \d+"), "counter"),
    (re.compile(r"^packets \d+ bytes \d+$"), ""),
    (re.compile(r" used \d+ \w+"), ""),
    (re.compile(r" expires [0-9a-z]+"), ""),
    (re.compile(r" last used [0-9a-z]+| last never"), " last"),
)
# Nearly every statement of a big ruleset has at most a counter: to look for words first is five times as fast.
_COUNTED_WORDS = ("packets ", " used ", " expires ", " last ")
_QUOTED = re.compile(r'("[^"]*")')
_CHAIN_TYPE = re.compile(r"type \w+ hook ")


class NftBlock(NamedTuple):
    """``kind name {`` with its statements; a table's own single lines are kept apart."""

    kind: str
    name: str
    lines: tuple[str, ...]

    @property
    def is_dynamic_set(self) -> bool:
        """Whether packets or time change its elements (nft(8), flags dynamic and timeout)."""
        if self.kind not in SETS:
            return False
        flags = [line for line in self.lines if line.startswith(("flags ", "timeout "))]
        return any(line.startswith("timeout ") or re.search(r"\b(dynamic|timeout)\b", line) for line in flags)


class NftTable(NamedTuple):
    family: str
    name: str
    lines: tuple[str, ...]
    blocks: tuple[NftBlock, ...]

    def block(self, kind: str, name: str) -> NftBlock | None:
        return next((block for block in self.blocks if (block.kind, block.name) == (kind, name)), None)


def read_nft(text: str) -> list[NftTable]:
    """The tables of ``nft list ruleset``. Text that is cut short is an AgentError."""
    tables: list[NftTable] = []
    for header, body in _split_braces(text):
        words = header.split()
        if len(words) != 3 or words[0] != "table":
            raise AgentError(
                f"nft list ruleset has something that is no table: {header[:80]}",
                "report this with the ruleset's text",
            )
        lines: list[str] = []
        blocks: list[NftBlock] = []
        for inner, statements in body:
            if statements is None:
                lines.append(inner)
            else:
                kind, _space, name = inner.rpartition(" ")
                blocks.append(NftBlock(kind, name, tuple(statements)))
        tables.append(NftTable(words[1], words[2], tuple(lines), tuple(blocks)))
    return tables


def _split_braces(text: str) -> list[tuple[str, list[tuple[str, list[str] | None]]]]:
    """Cut by braces outside of strings: tables, their blocks, the blocks' statements (which may span
    lines).
    """
    tables: list[tuple[str, list[tuple[str, list[str] | None]]]] = []
    depth, statement = 0, ""
    for raw in text.splitlines():
        line = raw.strip()
        if not line or (depth < 2 and line.startswith("#")):
            continue
        bare = without_strings(line)
        opened, closed = bare.count("{"), bare.count("}")
        if depth < 2 and opened > closed:
            header = line.partition("{")[0].strip()
            if depth == 0:
                tables.append((header, []))
            else:
                tables[-1][1].append((header, []))
        elif depth in (1, 2) and line == "}" and not statement:
            pass
        elif depth == 1:
            tables[-1][1].append((line, None))
        elif depth >= 2:
            statement = f"{statement}\n{line}".strip()
            if depth + opened - closed == 2:
                statements = tables[-1][1][-1][1]
                if statements is not None:
                    statements.append(statement)
                statement = ""
        depth += opened - closed
        if depth < 0 or (depth >= 2 and not tables[-1][1]):
            break
    if depth or statement:
        raise AgentError(
            "the answer of nft list ruleset is cut short", "run it on the host and look what it says"
        )
    return tables


def uncounted(statement: str) -> str:
    """A statement without packet counters, used quotas and remaining times; strings stay as they are."""
    if not any(word in statement for word in _COUNTED_WORDS):
        return statement.strip()
    parts = _QUOTED.split(statement)
    for index in range(0, len(parts), 2):
        for pattern, instead in _COUNTED:
            parts[index] = pattern.sub(instead, parts[index])
    return "".join(parts).strip()


def _split_elements(statement: str) -> list[str]:
    """The elements of ``elements = { a, b : c, ... }``, sorted: the kernel promises no order for a hash."""
    inner = statement[statement.index("{") + 1 : statement.rindex("}")]
    found, depth, current, quoted = [], 0, "", False
    for sign in inner:
        quoted ^= sign == '"'
        if not quoted:
            depth += (sign in "{(") - (sign in "})")
        if sign == "," and not depth and not quoted:
            found.append(current.strip())
            current = ""
        else:
            current += sign
    return sorted([*found, current.strip()] if current.strip() else found)


def _is_elements(line: str) -> bool:
    return line.startswith("elements = {")


def nft_canonical(table: NftTable, owned: Owned) -> tuple[str, str]:
    """What the administrator's rules say, and what those of dynamic owners say; each "" if there is
    nothing.
    """
    if owned.table(table.name):
        return "", "\n".join([f"table {table.family} {table.name}", *_plain_blocks(table.blocks)])
    static: list[str] = [f"table {table.family} {table.name}", *table.lines]
    dynamic: list[str] = []
    for block in sorted(table.blocks):
        head = f"{block.kind} {block.name}"
        if _block_owner(block, owned):
            dynamic += _plain_blocks([block])
            continue
        static.append(head)
        for line in block.lines:
            if _is_elements(line):
                (dynamic if block.is_dynamic_set else static).extend(
                    [head + " elements", *_split_elements(uncounted(line))]
                )
            elif block.kind == "chain" and owned.rule(uncounted(line)):
                dynamic.append(f"{head}: {uncounted(line)}")
            else:
                static.append("  " + uncounted(line))
    return "\n".join(static), "\n".join(dynamic)


def _plain_blocks(blocks: list[NftBlock] | tuple[NftBlock, ...]) -> list[str]:
    return [line for block in blocks for line in (f"{block.kind} {block.name}", *map(uncounted, block.lines))]


def _block_owner(block: NftBlock, owned: Owned) -> str:
    if block.kind == "chain":
        return owned.chain(block.name)
    return owned.set(block.name) if block.kind in SETS else ""


def nft_foreign(table: NftTable, shown: dict[str, list[str]]) -> list[str]:
    """What iptables-nft did not make in a table with a name of its: it can neither show nor restore these
    truly.

    ``shown``: chain -> its rules as iptables-nft-save prints them, one for each rule of the chain.
    iptables-nft gives every rule a counter, its built-in chains upper-case names, uses no named objects, and
    sets only for multiport; of a rule that is not so it shows the part that it knows, as if there were no
    more.
    """
    found: list[str] = list(table.lines)
    for block in table.blocks:
        based = any(_CHAIN_TYPE.match(line) for line in block.lines)
        if block.kind != "chain" or (based and not block.name.isupper()):
            found += _plain_blocks([block])
            continue
        rules = [line for line in block.lines if not _CHAIN_TYPE.match(line)]
        prints = shown.get(block.name, [])
        if len(rules) != len(prints):
            found += _plain_blocks([block])
            continue
        for rule, printed in zip(rules, prints):
            bare = without_strings(rule)
            braced = "{" in bare and " -m multiport " not in printed
            if braced or "counter " not in bare or re.search(r"@\w", bare):
                found.append(f"{block.name}: {uncounted(rule)}")
    return found


def is_shell(table: NftTable) -> bool:
    """Whether a table holds nothing but base chains that accept all: to packets it is as if it were not there."""
    return not table.lines and all(
        block.kind == "chain"
        and len(block.lines) == 1
        and _CHAIN_TYPE.match(block.lines[0])
        and block.lines[0].endswith("policy accept;")
        for block in table.blocks
    )


def unloadable(table: NftTable) -> list[str]:
    """Statements that nft prints and can't read: matches of iptables' own modules, shown as a name or a
    comment.

    A comment is the worse of the two: nft would load the table without the rule and report no error.
    """
    statements = [line for block in table.blocks for line in block.lines]
    return [
        line for line in statements if re.search(r"#|\bxt (match|target|watcher)\b", without_strings(line))
    ]


def nft_text(table: NftTable) -> str:
    """The table as nft reads it."""
    lines = [f"table {table.family} {table.name} {{", *(f"\t{line}" for line in table.lines)]
    for block in table.blocks:
        lines += [f"\t{block.kind} {block.name} {{", *(f"\t\t{line}" for line in block.lines), "\t}"]
    return "\n".join([*lines, "}"]) + "\n"


def nft_replacing(recorded: list[NftTable], gone: list[tuple[str, str]]) -> str:
    """One transaction that puts recorded tables in place of whatever has their names, and removes others.

    ``add`` first, because ``delete`` of a table that is not there fails.
    """
    names = [(table.family, table.name) for table in recorded]
    lines = [
        f"{verb} table {family} {name}" for family, name in [*names, *gone] for verb in ("add", "delete")
    ]
    return "\n".join(lines) + "\n" + "".join(nft_text(table) for table in recorded)


def nft_compose(recorded: NftTable, live: NftTable | None, owned: Owned) -> NftTable:
    """The recorded table with what is the dynamic owners' in the live one."""
    if live is None:
        return recorded
    active = {owner for block in live.blocks for owner in _rule_owners(block, owned)}
    blocks: list[NftBlock] = []
    for block in recorded.blocks:
        other = live.block(block.kind, block.name)
        owner = _block_owner(block, owned)
        if owner:
            if owner not in active:
                blocks.append(block)
            elif other is not None:
                blocks.append(other)
        elif block.is_dynamic_set and other is not None:
            blocks.append(_with_elements(block, other))
        elif block.kind == "chain" and other is not None:
            blocks.append(
                block._replace(lines=tuple(merge_rules(block.lines, other.lines, uncounted, owned, active)))
            )
        else:
            blocks.append(block)
    known = {(block.kind, block.name) for block in recorded.blocks}
    blocks += [
        block for block in live.blocks if (block.kind, block.name) not in known and _block_owner(block, owned)
    ]
    return recorded._replace(blocks=tuple(blocks))


def _rule_owners(block: NftBlock, owned: Owned) -> list[str]:
    if block.kind != "chain":
        return []
    chain = owned.chain(block.name)
    if chain:
        return [chain] if block.lines else []
    return [owner for owner in (owned.rule(uncounted(line)) for line in block.lines) if owner]


def _with_elements(block: NftBlock, live: NftBlock) -> NftBlock:
    """A dynamic set as recorded, with the elements it has now; if its type changed, with the recorded
    ones.
    """
    kept = [line for line in block.lines if not _is_elements(line)]
    if [line for line in kept if line.startswith("type")] != [
        line for line in live.lines if line.startswith("type")
    ]:
        return block
    return block._replace(lines=tuple(kept + [line for line in live.lines if _is_elements(line)]))
