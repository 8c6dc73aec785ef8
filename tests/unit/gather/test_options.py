# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A module's documentation and its action's argument specification say the same."""

from __future__ import annotations

import importlib
from typing import Any

import pytest
import yaml

PLUGINS = "ansible_collections.pathguard.network.plugins"


@pytest.mark.parametrize("name", ["firewall_info", "path_probe"])
def test_documented_options_are_the_real_ones(name: str) -> None:
    documented = yaml.safe_load(importlib.import_module(f"{PLUGINS}.modules.{name}").DOCUMENTATION)["options"]
    spec = importlib.import_module(f"{PLUGINS}.action.{name}").ActionModule.SPEC
    assert shape(documented, "suboptions") == shape(spec, "options")


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
