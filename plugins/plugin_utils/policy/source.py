# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The text of a policy -> plain data. YAML is read as JSON would be: no dates, no duplicate keys."""

from __future__ import annotations

import json
import re
from collections.abc import Hashable, Mapping
from pathlib import Path
from typing import Any

import yaml

from ..errors import PolicyError
from ..home import expanded

# A longer text is no policy, and reading it would take all memory (aliases multiply).
MAX_BYTES = 16 * 1024 * 1024
# An alias stands for all of its parts, so few bytes can mean very many; and so can few bytes nest.
MAX_PARTS = 500_000
MAX_DEPTH = 60
MAX_NUMBER = 10**30
_INLINE = "the inline policy"


class _Loader(yaml.SafeLoader):
    """Safe YAML whose dates stay texts, and where a key stands once."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[Any] = set()
        for key_node, _value in node.value:
            if key_node.tag == "tag:yaml.org,2002:merge":
                continue
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, str):
                raise yaml.MarkedYAMLError(
                    problem=f"the key {key!r} is not a text", problem_mark=key_node.start_mark
                )
            if key in seen:
                raise yaml.MarkedYAMLError(
                    problem=f"the key {key!r} stands twice", problem_mark=key_node.start_mark
                )
            seen.add(key)
        return super().construct_mapping(node, deep)


# YAML 1.1 makes 2026-01-31 a date, 10:30 a number in base 60, and 0755 one in base 8; a policy means none of these, and
# what it says by them is told where a number is wanted.
_NUMBERS = ("timestamp", "int", "float")
_Loader.yaml_implicit_resolvers = {
    first: [
        (tag, pattern)
        for tag, pattern in resolvers
        if tag not in {f"tag:yaml.org,2002:{name}" for name in _NUMBERS}
    ]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
# Numbers as JSON has them (RFC 8259, section 6), and YAML's own of what is none.
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:int", re.compile(r"-?(?:0|[1-9][0-9]*)\Z"), list("-0123456789")
)
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(
        r"(?:-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))\Z"
    ),
    list("-+.0123456789"),
)
# Of types that JSON does not have there are none, also where a tag asks for one.
_FOREIGN = ("timestamp", "binary", "omap", "pairs", "set")
_Loader.yaml_constructors = {
    tag: build
    for tag, build in yaml.SafeLoader.yaml_constructors.items()
    if tag not in {f"tag:yaml.org,2002:{name}" for name in _FOREIGN}
}


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise ValueError(f"the key {key!r} stands twice")
        found[key] = value
    return found


def parse_text(text: str, where: str) -> Any:
    """JSON or YAML -> plain data; PolicyError with the line if it is neither."""
    if len(text) > MAX_BYTES:
        raise PolicyError(
            f"the policy is larger than {MAX_BYTES // 2**20} MiB", where, "check that this file is a policy"
        )
    if text.lstrip()[:1] == "{":
        try:
            return json.loads(text, object_pairs_hook=_unique)
        except json.JSONDecodeError:
            pass  # YAML in flow style begins so, too
        except ValueError as error:
            raise PolicyError(f"the policy is malformed: {error}", where, "remove one of the two") from error
        except RecursionError as error:
            raise PolicyError(
                "the policy is nested too deeply", where, "check that this file is a policy"
            ) from error
    try:
        return yaml.load(text, Loader=_Loader)  # noqa: S506 - a SafeLoader with fewer types, not more
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        at = f"{where}, line {mark.line + 1}, column {mark.column + 1}" if mark else where
        raise PolicyError(
            f"the policy is not well-formed YAML or JSON: {error.problem or error.context}",
            at,
            "correct this line",
        ) from error
    except (yaml.YAMLError, RecursionError, ValueError, KeyError, IndexError) as error:
        # Of the last three: what follows a tag (`!!int`, `0x_`) is no such value.
        raise PolicyError(
            f"the policy is not well-formed YAML or JSON: {error}", where, "check that this file is a policy"
        ) from error


def read_source(source: str | Path | Mapping[str, Any], folder: Path | None = None) -> tuple[Any, str]:
    """``(data, name)`` of a policy given as a mapping, as text (more than one line), or as a file's path.

    A relative path is relative to ``folder``. PolicyError if it can't be read.
    """
    data, name = _read_source(source, folder)
    _bounded(data, name)
    return data, name


def _bounded(data: Any, name: str) -> None:
    """PolicyError for data that nobody could go through: aliases multiply, or lead back to themselves."""
    parts, stack = 0, [(data, 0)]
    while stack:
        value, depth = stack.pop()
        parts += 1
        if parts > MAX_PARTS or depth > MAX_DEPTH:
            what = f"has more than {MAX_PARTS} parts" if parts > MAX_PARTS else "is nested too deeply"
            raise PolicyError(f"the policy {what}", name, "check its aliases (*name), or divide it")
        if isinstance(value, (int, float)) and not -MAX_NUMBER < value < MAX_NUMBER:
            raise PolicyError("a number is too large, or none", name, "write a number of at most 30 digits")
        if isinstance(value, Mapping):
            stack += ((item, depth + 1) for item in value.values())
        elif isinstance(value, (list, tuple)):
            stack += ((item, depth + 1) for item in value)


def _read_source(source: str | Path | Mapping[str, Any], folder: Path | None) -> tuple[Any, str]:
    if isinstance(source, Mapping):
        return source, _INLINE
    if isinstance(source, str) and ("\n" in source or source.lstrip()[:1] == "{"):
        return parse_text(source, _INLINE), _INLINE
    if not isinstance(source, (str, Path)) or not str(source).strip():
        raise PolicyError(
            "the policy must be a mapping or the path of a file", repr(source), "name the policy's file"
        )
    path = expanded(source)
    if folder is not None and not path.is_absolute():
        path = folder / path
    try:
        if path.exists() and not path.is_dir() and not path.is_file():  # a pipe or a device may never end
            raise PolicyError(
                "the policy is no file that ends", str(path), "save it in a file, and name that"
            )
        if path.stat().st_size > MAX_BYTES:
            raise PolicyError(
                f"the policy is larger than {MAX_BYTES // 2**20} MiB",
                str(path),
                "check that this file is a policy",
            )
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise PolicyError(
            f"the policy can't be read: {error.strerror}", str(path), "name an existing, readable file"
        ) from error
    except UnicodeDecodeError as error:
        raise PolicyError("the policy is not a text in UTF-8", str(path), "save it as UTF-8") from error
    except ValueError as error:  # a NUL in it, or half a character
        raise PolicyError("this is no path of a file", repr(str(path)), "name the policy's file") from error
    return parse_text(text, str(path)), str(path)
