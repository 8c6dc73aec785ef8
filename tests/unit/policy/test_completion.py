# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The schema of policies serves editors: it is read alone, without a network, and explains each of its keys."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.policy.paths import ASSUMPTIONS
from ansible_collections.pathguard.network.plugins.plugin_utils.policy.services import known_services
from ansible_collections.pathguard.network.plugins.plugin_utils.policy.source import parse_text

FILE = "schemas/path-policy.schema.json"
FOLDERS = ("docs", "lab", "playbooks", "roles", "tests/fixtures")


@pytest.fixture
def schema(root: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((root / FILE).read_text(encoding="utf-8"))
    return found


def policies(root: Path) -> Iterator[tuple[str, Any]]:
    """All files of the collection that are policies, and all examples of its pages."""
    for path in sorted(item for folder in FOLDERS for item in (root / folder).rglob("*.*")):
        if path.suffix in (".yml", ".yaml"):
            texts = [path.read_text(encoding="utf-8")]
        elif path.suffix == ".md":
            texts = re.findall(r"```yaml\n(.*?)```", path.read_text(encoding="utf-8"), re.DOTALL)
        else:
            continue
        for text in texts:
            if (
                re.search(r"^(requiredPaths|forbiddenPaths|siblings):", text, re.MULTILINE)
                and "{{" not in text
            ):
                yield str(path.relative_to(root)), parse_text(text, path.name)


def test_every_policy_of_the_collection_fits_it_alone_and_offline(
    root: Path, schema: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_args: Any) -> None:
        raise AssertionError("a schema was fetched")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    validator = jsonschema.Draft202012Validator(schema)
    found = list(policies(root))
    assert len(found) > 5
    for name, document in found:
        assert [f"{name}: {error.message}" for error in validator.iter_errors(document)] == []


def keys(schema: Any, at: str = "$") -> Iterator[tuple[str, Mapping[str, Any]]]:
    if isinstance(schema, list):
        for index, item in enumerate(schema):
            yield from keys(item, f"{at}[{index}]")
    elif isinstance(schema, dict):
        for name, item in schema.items():
            if name == "properties":
                yield from ((f"{at}.{key}", below) for key, below in item.items())
            if name not in ("examples", "default"):
                yield from keys(item, f"{at}.{name}")


def test_every_key_is_explained(schema: dict[str, Any]) -> None:
    found = list(keys(schema))
    assert len(found) > 40
    assert [at for at, item in found if not item.get("description", "").endswith((".", ":"))] == []


def test_examples_and_defaults_fit_what_they_stand_at(schema: dict[str, Any]) -> None:
    checked = 0
    for at, item in keys(schema):
        for example in [*item.get("examples", ()), *([item["default"]] if "default" in item else ())]:
            local = {**item, "$defs": schema["$defs"]}
            assert jsonschema.Draft202012Validator(local).is_valid(example), (at, example)
            checked += 1
    assert checked > 20


def test_services_and_assumptions_are_offered_by_name(schema: dict[str, Any]) -> None:
    assert set(schema["$defs"]["one_service"]["anyOf"][0]["enum"]) == {*known_services(), "any"}
    offered = schema["$defs"]["path"]["properties"]["assume"]["items"]["oneOf"]
    assert {item["const"] for item in offered} == set(ASSUMPTIONS)
    assert all(item["description"] for item in offered)
