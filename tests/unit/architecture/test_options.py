# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the modules document, by themselves and by fragments, is what their actions take and return."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.pathguard.network.plugins.plugin_utils.checkpoint.run import answer_dict
from ansible_collections.pathguard.network.plugins.plugin_utils.checkpoint.status import unprotected
from ansible_collections.pathguard.network.plugins.plugin_utils.errors import UnreachableError

COLLECTION = "pathguard.network"
PLUGINS = f"ansible_collections.{COLLECTION}.plugins"
MODULES = sorted(path.stem for path in (Path(__file__).parents[3] / "plugins" / "modules").glob("[a-z]*.py"))


def fragment(name: str) -> Any:
    """``pathguard.network.login.hosts`` is the variable HOSTS in doc_fragments/login.py."""
    module, _dot, variable = name.removeprefix(f"{COLLECTION}.").partition(".")
    found = importlib.import_module(f"{PLUGINS}.doc_fragments.{module}").ModuleDocFragment
    return yaml.safe_load(getattr(found, variable.upper() or "DOCUMENTATION"))


def documentation(name: str, part: str) -> dict[str, Any]:
    """The options or attributes of a module; the module's own stand before those of fragments."""
    own = yaml.safe_load(importlib.import_module(f"{PLUGINS}.modules.{name}").DOCUMENTATION)
    found: dict[str, Any] = dict(own.get(part, {}))
    for shared in own["extends_documentation_fragment"]:
        found = {**fragment(shared).get(part, {}), **found}
    return found


@pytest.mark.parametrize("name", MODULES)
def test_documented_options_are_the_real_ones(name: str) -> None:
    spec = importlib.import_module(f"{PLUGINS}.action.{name}").ActionModule.SPEC
    assert shape(documentation(name, "options"), "suboptions") == shape(spec, "options")


@pytest.mark.parametrize("name", MODULES)
def test_documented_attributes_are_the_real_ones(name: str) -> None:
    action = importlib.import_module(f"{PLUGINS}.action.{name}").ActionModule
    found = documentation(name, "attributes")
    assert set(found) == {"check_mode", "diff_mode", "action", "bypass_host_loop"}
    assert found["bypass_host_loop"]["support"] == ("full" if action.BYPASS_HOST_LOOP else "none")


@pytest.mark.parametrize("name", ["firewall_checkpoint", "firewall_checkpoint_info"])
def test_documented_checkpoints_are_the_real_ones(name: str) -> None:
    documented = yaml.safe_load(importlib.import_module(f"{PLUGINS}.modules.{name}").RETURN)
    told = answer_dict("fw1", unprotected("fw1", "linux"))
    silent = answer_dict("fw1", UnreachableError("no answer", "fw1", "try again"))
    assert set(documented["checkpoints"]["contains"]) == {*told, *silent}


def shape(options: dict[str, Any], nested: str) -> dict[str, Any]:
    return {
        name: {
            "type": option.get("type", "str"),
            "elements": option.get("elements"),
            "required": option.get("required", False),
            "default": option.get("default"),
            "choices": sorted(option.get("choices", [])),
            "nested": shape(option.get(nested, {}), nested),
        }
        for name, option in options.items()
    }
