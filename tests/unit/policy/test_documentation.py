# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The examples of the documentation are policies that can be read."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.errors import PolicyError
from ansible_collections.pathguard.network.plugins.plugin_utils.policy.keywords import OWN
from ansible_collections.pathguard.network.plugins.plugin_utils.policy.read import load_policy
from ansible_collections.pathguard.network.plugins.plugin_utils.policy.schemas import load_schema


def examples(root: Path) -> list[str]:
    return re.findall(
        r"```yaml\n(.*?)```", (root / "docs" / "policies.md").read_text(encoding="utf-8"), re.DOTALL
    )


def test_every_example_is_a_policy(root: Path) -> None:
    found = examples(root)
    assert len(found) == 6
    assert all(map(load_policy, found))


def test_the_example_of_a_mistake_is_what_it_says(root: Path) -> None:
    text = examples(root)[0].replace("from: {group: app}", "from: {grop: app}", 1)
    with pytest.raises(PolicyError) as caught:
        load_policy(text)
    shown = str(caught.value).replace("the inline policy", "policies/shop.yml")
    assert f"```text\n{shown}\n```" in (root / "docs" / "policies.md").read_text(encoding="utf-8")


def test_every_key_of_paths_and_endpoints_is_explained(root: Path) -> None:
    text = (root / "docs" / "policies.md").read_text(encoding="utf-8")
    schema = load_schema("path-policy")["$defs"]
    for key in [*schema["path"]["properties"], *schema["endpoint"]["properties"], *OWN]:
        assert f"`{key}`" in text or f"\n{key}:" in text, key
