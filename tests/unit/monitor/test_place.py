# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each policy's monitor has a folder of its own, and goes on with what an earlier version left in the common one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.monitor.place import DEFAULT, folder_for


def test_a_folder_for_each_policy(tmp_path: Path) -> None:
    given = [
        "policy.yml",
        "Policy.yml",
        "a/b.yml",
        "a-b.yml",
        "../b.yml",
        "/etc/b.yml",
        "Shop, to database",
        "é" * 99,
    ]
    found = [folder_for(tmp_path, name, ["p"]) for name in given]
    assert len({str(folder).casefold() for folder in found}) == len(given)
    assert {folder.parent for folder in found} == {tmp_path / DEFAULT}
    assert found[0] == tmp_path / DEFAULT / "policy.yml"
    assert all(folder.name and not folder.name.startswith((".", "-")) for folder in found)
    assert max(len(folder.name) for folder in found) < 80


@pytest.mark.parametrize(
    ("state", "own"),
    [
        (json.dumps({"paths": {"p": {}}}), True),
        (json.dumps({"paths": {"p": {}, "other": {}}}), True),
        (json.dumps({"paths": {"another's": {}}}), False),
        (json.dumps({"paths": {}}), False),
        (json.dumps({"paths": None}), False),
        ("[]", False),
        ("{", False),
    ],
)
def test_what_an_earlier_version_left_is_gone_on_with_if_it_is_this_policys(
    tmp_path: Path, state: str, own: bool
) -> None:
    (tmp_path / DEFAULT).mkdir(parents=True)
    (tmp_path / DEFAULT / "state.json").write_text(state)
    found = folder_for(tmp_path, "policy.yml", ["p", "q"])
    assert found == (tmp_path / DEFAULT if own else tmp_path / DEFAULT / "policy.yml")
