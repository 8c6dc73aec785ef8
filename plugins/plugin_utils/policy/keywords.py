# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every keyword of a policy is known, at any depth: a misspelt one would ask for nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..errors import PolicyError
from .complain import json_path, unknown_name
from .schemas import POLICY_URN, load_schema

# Where JSON Schema 2020-12 has schemas within schemas.
_ONE = frozenset(
    (
        "additionalProperties",
        "contains",
        "else",
        "if",
        "items",
        "not",
        "propertyNames",
        "then",
        "unevaluatedItems",
        "unevaluatedProperties",
    )
)
_LIST = frozenset(("allOf", "anyOf", "oneOf", "prefixItems"))
_MAP = frozenset(("$defs", "dependentSchemas", "patternProperties", "properties"))
# Of these, what they ask is about the very part of the document that the schema itself is about.
_SAME_PART = ("else", "if", "not", "then")
_SAME_PART_LISTS = ("allOf", "anyOf", "dependentSchemas", "oneOf")
# Keywords that assert nothing.
_SILENT = frozenset(
    (
        "$anchor",
        "$comment",
        "$defs",
        "$id",
        "$schema",
        "default",
        "deprecated",
        "description",
        "examples",
        "readOnly",
        "title",
        "writeOnly",
    )
)
_ASSERTING = frozenset(
    (
        "$ref",
        "const",
        "dependentRequired",
        "enum",
        "exclusiveMaximum",
        "exclusiveMinimum",
        "maxContains",
        "maxItems",
        "maxLength",
        "maxProperties",
        "maximum",
        "minContains",
        "minItems",
        "minLength",
        "minProperties",
        "minimum",
        "multipleOf",
        "pattern",
        "required",
        "type",
        "uniqueItems",
    )
)
STANDARD = _ONE | _LIST | _MAP | _SILENT | _ASSERTING
PATH_KEYWORDS = frozenset(("requiredPaths", "forbiddenPaths"))
OWN = PATH_KEYWORDS | {"boundaries", "families", "siblings"}
_WITHOUT_EFFECT = {
    "format": "PathGuard does not check formats; use pattern",
    "$dynamicRef": "use $ref to #/$defs/...",
    "$dynamicAnchor": "use $ref to #/$defs/...",
    "$vocabulary": "it belongs to meta-schemas",
    "contentEncoding": "it asserts nothing",
    "contentMediaType": "it asserts nothing",
    "contentSchema": "it asserts nothing",
}
_OF_PATHS = "(a policy of paths has requiredPaths and forbiddenPaths)"
_TODO = {"$schema": f"write $schema: {POLICY_URN}, or leave it out"}


def asks_for_configuration(schema: Mapping[str, Any]) -> bool:
    """Whether keywords other than PathGuard's own ask for something."""
    return any(key in STANDARD - _SILENT for key in schema)


def check_keywords(schema: Any, parts: Sequence[str | int] = (), root: Any = None) -> None:
    """PolicyError at the first keyword, anywhere, that nobody knows or that asks for nothing."""
    root = schema if root is None else root
    if isinstance(schema, bool):
        return
    if not isinstance(schema, Mapping):
        raise PolicyError(
            f"a schema must be a mapping, and this is {schema!r}",
            json_path(parts),
            "write keywords and their values here",
        )
    for key, value in schema.items():
        at = [*parts, key]
        if key in OWN and not parts:
            continue
        if key in OWN:
            raise PolicyError(
                f"{key} stands inside another keyword", json_path(at), "move it to the top of the policy"
            )
        if key in _WITHOUT_EFFECT:
            raise PolicyError(f"the keyword {key!r} has no effect", json_path(at), _WITHOUT_EFFECT[key])
        if key not in STANDARD:
            known = sorted(STANDARD | OWN) if not parts else sorted(STANDARD)
            raise unknown_name("keyword", key, known, json_path(at), _OF_PATHS if not parts else "")
        if key == "$schema" and value != POLICY_URN:
            raise PolicyError(f"the policy's $schema is {value!r}", json_path(at), _TODO["$schema"])
        if key == "$ref":
            _check_reference(value, at, root)
            _check_ends(schema, at, root, (), set())
        if key in ("pattern", "patternProperties"):
            _check_patterns(value, at)
        for below, path in _within(key, value, at):
            check_keywords(below, path, root)


def _within(key: str, value: Any, at: list[str | int]) -> Iterator[tuple[Any, list[str | int]]]:
    if key in _ONE:
        yield value, at
    elif key in _LIST:
        if not isinstance(value, list) or not value:
            raise PolicyError(
                f"{key} must be a list of schemas that is not empty",
                json_path(at),
                "list at least one schema",
            )
        yield from ((item, [*at, index]) for index, item in enumerate(value))
    elif key in _MAP:
        if not isinstance(value, Mapping) or not value:
            raise PolicyError(
                f"{key} must be a mapping that is not empty",
                json_path(at),
                "name at least one, or leave it out",
            )
        yield from ((item, [*at, name]) for name, item in value.items())


def _check_patterns(value: Any, at: list[str | int]) -> None:
    for pattern in value if isinstance(value, Mapping) else [value]:
        try:
            re.compile(pattern)
        except (re.error, TypeError, OverflowError, RecursionError) as error:
            raise PolicyError(
                f"{pattern!r} is no regular expression: {error}", json_path(at), "correct the pattern"
            ) from error


def _check_reference(value: Any, at: list[str | int], root: Any) -> None:
    if not isinstance(value, str) or not (value == "#" or value.startswith("#/")):
        raise PolicyError(
            f"$ref {value!r} leads outside the policy, and no schema is ever fetched",
            json_path(at),
            "refer to #/$defs/... of this policy",
        )
    _target(value, at, root)


def _target(reference: str, at: Sequence[str | int], root: Any) -> Any:
    target = root
    for part in reference[1:].split("/")[1:]:
        name = part.replace("~1", "/").replace("~0", "~")
        if isinstance(target, list) and name.isdecimal() and int(name) < len(target):
            target = target[int(name)]
        elif isinstance(target, Mapping) and name in target:
            target = target[name]
        else:
            known = [f"#/$defs/{key}" for key in root.get("$defs", {})] if isinstance(root, Mapping) else []
            raise unknown_name("target of $ref", reference, known, json_path(at))
    return target


def _check_ends(schema: Any, at: list[str | int], root: Any, above: tuple[int, ...], done: set[int]) -> None:
    """PolicyError for a schema that asks the very same part of the document about itself: that never ends. One that
    asks about a part below it does. ``above``: the schemas on the way here, ``done``: those that are sound."""
    if not isinstance(schema, Mapping) or id(schema) in done:
        return
    if id(schema) in above:
        raise PolicyError(
            "this $ref leads back to itself",
            json_path(at),
            "let it stand below properties or items, or name another",
        )
    asked = [schema[key] for key in _SAME_PART if key in schema]
    for key in _SAME_PART_LISTS:
        below = schema.get(key, ())
        asked += below.values() if isinstance(below, Mapping) else below if isinstance(below, list) else ()
    reference = schema.get("$ref")
    if isinstance(reference, str) and reference.startswith("#"):
        asked.append(_target(reference, at, root))
    for below in asked:
        _check_ends(below, at, root, (*above, id(schema)), done)
    done.add(id(schema))


def check_names(schema: Any, parts: Sequence[str | int] = ()) -> None:
    """PolicyError for a name under ``properties`` or ``required`` that no state can have.

    Follows nested ``properties`` (the usual way to say it) through the state's own schema.
    """
    document = {
        "properties": {
            "hosts": {"additionalProperties": load_schema("state")},
            "groups": {"additionalProperties": {"type": "array"}},
        },
        "additionalProperties": False,
    }
    _check_names(schema, parts, document)


def _check_names(schema: Any, parts: Sequence[str | int], shape: Mapping[str, Any]) -> None:
    if not isinstance(schema, Mapping):
        return
    shape = _resolve(shape)
    known, others = shape.get("properties"), shape.get("additionalProperties")
    if known is not None and others is False:
        _only_known(schema, parts, list(known))
    for name, below in schema.get("properties", {}).items():
        _check_names(below, [*parts, "properties", name], _shape((known or {}).get(name, others)))
    for key in ("additionalProperties", "items"):
        if key in schema:
            _check_names(schema[key], [*parts, key], _shape(shape.get(key)))
    for key in ("allOf", "anyOf", "oneOf"):
        for index, below in enumerate(schema.get(key, ())):
            _check_names(below, [*parts, key, index], shape)


def _shape(value: Any) -> Mapping[str, Any]:
    """What is known about a part of the state; nothing, if its schema is true, false or missing."""
    return value if isinstance(value, Mapping) else {}


def _only_known(schema: Mapping[str, Any], parts: Sequence[str | int], known: list[str]) -> None:
    required = schema.get("required", [])
    places: list[tuple[Any, list[str | int]]] = [
        (name, ["required", index])
        for index, name in enumerate(required if isinstance(required, list) else [])
    ]
    places += [(name, ["properties", name]) for name in schema.get("properties", {})]
    for name, place in places:
        if name not in known:
            raise unknown_name("name in a state", str(name), known, json_path([*parts, *place]))


def _resolve(shape: Mapping[str, Any]) -> Mapping[str, Any]:
    reference = shape.get("$ref", "")
    if reference.startswith("#/$defs/"):
        found: Mapping[str, Any] = load_schema("state")["$defs"][reference.rpartition("/")[2]]
        return found
    return shape
