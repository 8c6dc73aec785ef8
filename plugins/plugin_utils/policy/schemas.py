# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""JSON Schema as policies use it: the libraries, our schemas, and a registry that never fetches."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import PolicyError

if TYPE_CHECKING:
    from referencing import Registry

# <collection>/schemas; this file is <collection>/plugins/plugin_utils/policy/schemas.py, installed or not.
FOLDER = Path(__file__).resolve().parents[3] / "schemas"
POLICY_URN = "urn:pathguard:schema:path-policy:1"


@cache
def load_schema(name: str) -> dict[str, Any]:
    """The schema ``<name>.schema.json`` of this collection."""
    path = FOLDER / f"{name}.schema.json"
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise PolicyError(
            f"a schema of the collection is missing: {error.strerror}",
            str(path),
            "install the collection again",
        ) from error
    return found


def library() -> Any:
    """The module ``jsonschema`` with what policies need of it; PolicyError where it is missing or too old."""
    try:
        import jsonschema
        import jsonschema.exceptions
        import jsonschema.validators
        import referencing  # noqa: F401 - of jsonschema 4.18 and later
    except ImportError as error:
        raise PolicyError(
            f"the Python library {error.name or 'jsonschema'} is missing or too old",
            "the Python that runs Ansible",
            "pip install 'jsonschema>=4.18'",
        ) from error
    return jsonschema


@cache
def registry() -> Registry[Any]:
    """Our schemas and JSON Schema's own; anything else can't be retrieved, by design."""
    library()
    from jsonschema_specifications import REGISTRY  # type: ignore[import-untyped]
    from referencing import Resource

    named = [load_schema(name) for name in ("path-policy", "state", "snapshot", "report", "audit", "notice")]
    base: Registry[Any] = REGISTRY
    return base.with_resources([(schema["$id"], Resource.from_contents(schema)) for schema in named])


def problems(document: Any, schema: Mapping[str, Any]) -> list[tuple[str, str]]:
    """``(JSON path, message)`` for all that is wrong with a document; the most telling first."""
    jsonschema = library()
    validator = jsonschema.Draft202012Validator(schema, registry=registry())
    errors = sorted(validator.iter_errors(document), key=jsonschema.exceptions.relevance, reverse=True)
    found = []
    for error in errors:
        best = jsonschema.exceptions.best_match([error])
        found.append((best.json_path, best.message))
    return found
