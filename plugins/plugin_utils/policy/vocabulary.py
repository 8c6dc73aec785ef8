# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The vocabulary of paths as a jsonschema dialect: keyword -> a small generator of ordinary ValidationErrors.

What the state does not tell is an error of its own kind: plain JSON Schema would pass ``properties`` about
a host that is not there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .complain import json_path
from .paths import Policy
from .prove import NOT_KNOWN, YES, Proof
from .schemas import library, registry

_LONGEST_MESSAGE = 300
_OF_THE_FIREWALL = ("rulesets", "chains", "sets")
_LACKS = "pathguard_lacks"  # marks an error as: not known, because the state does not have it
_DOES_NOT_TELL = "the state does not tell whether this holds"


@dataclass(frozen=True, slots=True)
class Breach:
    """One thing that the policy asks for and the state does not certainly give. ``satisfied``: no or unknown.
    ``where``: the JSON path in the policy. ``at``: the JSON path in the network state."""

    satisfied: str
    message: str
    where: str
    at: str
    path: str = ""


def _mark(message: str) -> Any:
    error = library().exceptions.ValidationError(message)
    setattr(error, _LACKS, True)
    return error


def not_known(error: Any) -> bool:
    """Whether an error only says that the state does not tell."""
    if getattr(error, _LACKS, False):
        return True
    branches: dict[Any, list[Any]] = {}
    for below in error.context or ():
        branches.setdefault(below.schema_path[0] if below.schema_path else None, []).append(below)
    return any(all(not_known(below) for below in branch) for branch in branches.values())


def _properties(validator: Any, value: Mapping[str, Any], instance: Any, schema: Any) -> Iterator[Any]:
    """As in JSON Schema, but a named thing that is not there is not known to be right."""
    if not validator.is_type(instance, "object"):
        return
    for name, below in value.items():
        if name in instance:
            yield from validator.descend(instance[name], below, path=name, schema_path=name)
        elif name not in schema.get("required", ()) and below is not False:
            error = _mark(f"{name!r} is not in the state, so what is asked of it is not known")
            error.schema_path.append(name)
            yield error


def _not(validator: Any, value: Any, instance: Any, schema: Any) -> Iterator[Any]:
    errors = list(validator.evolve(schema=value).iter_errors(instance))
    if not errors:
        yield library().exceptions.ValidationError("this should not be so, and is")
    elif all(not_known(error) for error in errors):
        yield _mark(_DOES_NOT_TELL)


def _if(validator: Any, value: Any, instance: Any, schema: Mapping[str, Any]) -> Iterator[Any]:
    errors = list(validator.evolve(schema=value).iter_errors(instance))
    if errors and all(not_known(error) for error in errors):
        yield _mark(_DOES_NOT_TELL)
        return
    branch = "else" if errors else "then"
    if branch in schema:
        yield from validator.descend(instance, schema[branch], schema_path=branch)


def _paths(proof_of: Callable[[str], Proof]) -> Callable[..., Iterator[Any]]:
    def paths(
        validator: Any, value: Sequence[Mapping[str, Any]], instance: Any, schema: Any
    ) -> Iterator[Any]:
        for index, item in enumerate(value):
            proof = proof_of(item["name"])
            if proof.satisfied == YES:
                continue
            kind = "required" if proof.path.required else "forbidden"
            message = f"the {kind} path {proof.path.name!r} is {proof.status}"
            if (
                proof.path.too_big
                and proof.errors is not None
                and (proof.errors.blocked or proof.errors.unknown)
            ):
                message += ", and errors about packets that are too big do not surely get back"
            if proof.unsaved:
                message += ", and boot would not surely load what runs"
            error = (
                _mark(message)
                if proof.satisfied == NOT_KNOWN
                else library().exceptions.ValidationError(message)
            )
            error.schema_path.append(index)
            yield error

    return paths


def keywords(proof_of: Callable[[str], Proof]) -> dict[str, Callable[..., Iterator[Any]]]:
    """The table that is the dialect, beside JSON Schema's own."""
    paths = _paths(proof_of)
    return {
        "requiredPaths": paths,
        "forbiddenPaths": paths,
        "properties": _properties,
        "not": _not,
        "if": _if,
    }


def check(policy: Policy, instance: Mapping[str, Any], proof_of: Callable[[str], Proof]) -> list[Breach]:
    """All breaches of the policy by the network state ``{hosts, groups}``, in the policy's order."""
    jsonschema = library()
    dialect = jsonschema.validators.extend(jsonschema.Draft202012Validator, keywords(proof_of))
    schema = {key: value for key, value in policy.schema.items() if key != "$schema"}
    found = []
    for error in dialect(schema, registry=registry()).iter_errors(instance):
        parts = list(error.absolute_schema_path)
        unknown = not_known(error) or _unread(error, instance)
        path = (
            policy.schema[parts[0]][parts[1]]["name"]
            if parts and parts[0] in ("requiredPaths", "forbiddenPaths")
            else ""
        )
        message = (
            error.message
            if len(error.message) <= _LONGEST_MESSAGE
            else error.message[:_LONGEST_MESSAGE] + " [...]"
        )
        found.append(
            Breach(
                NOT_KNOWN if unknown else "no",
                message,
                json_path(parts),
                json_path(error.absolute_path),
                path,
            )
        )
    return found


def _unread(error: Any, instance: Mapping[str, Any]) -> bool:
    """Whether an error is about what could not be read: a host without snapshot, a firewall without permission."""
    at = list(error.absolute_path)
    if at == ["hosts"]:
        return bool(error.validator == "required")
    if len(at) < 3 or at[0] != "hosts":
        return False
    if at[2] == "boot":
        return bool(error.instance == "unknown")
    if at[2] not in _OF_THE_FIREWALL:
        return False
    return not instance["hosts"][at[1]].get("firewall_known", True)
