# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""No import runs against gather -> parse -> model -> analyse -> policy -> render."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import pytest

from tests.unit.architecture.imports import ENGINE, PACKAGE, breaches


def test_no_import_runs_against_the_flow(root: Path) -> None:
    files = sorted((root / "plugins").rglob("*.py"))
    assert {path.parent.name for path in files} >= set(ENGINE), "plugins/plugin_utils has lost a part"
    found = [
        line
        for path in files
        for line in breaches(path.read_text(encoding="utf-8"), PurePosixPath(path.relative_to(root)))
    ]
    assert not found, "\n".join(["", *found])


@pytest.mark.parametrize(
    ("path", "source", "complaint"),
    [
        (
            "plugin_utils/model/flows.py",
            f"from {PACKAGE}.plugin_utils.analyse import evaluate",
            "model imports analyse",
        ),
        ("plugin_utils/model/flows.py", "from ..parse.nft import parse", "model imports parse"),
        ("plugin_utils/model/flows.py", "from .. import gather", "model imports gather"),
        ("plugin_utils/model/flows.py", "import pathlib", "model is plain data, no pathlib"),
        (
            "plugin_utils/analyse/trace.py",
            f"import {PACKAGE}.plugin_utils.policy.paths as p",
            "analyse imports policy",
        ),
        ("plugin_utils/analyse/trace.py", "def f():\n    from ..parse import nft", "analyse imports parse"),
        (
            "plugin_utils/policy/paths.py",
            "from ansible.errors import AnsibleError",
            "policy does not know Ansible",
        ),
        ("plugin_utils/checkpoint/book.py", "from ..guard import steps", "checkpoint imports guard"),
        (
            "plugin_utils/guard/steps.py",
            f"from {PACKAGE}.action import firewall_info",
            "guard imports action",
        ),
        ("action/one.py", "from .two import ActionModule", "nothing imports from action"),
        ("module_utils/agent.py", "import netmiko", "netmiko is not there on a managed host"),
        (
            "module_utils/agent.py",
            f"from {PACKAGE}.plugin_utils import errors",
            "module_utils imports errors",
        ),
        ("plugin_utils/extra/x.py", "import json", "part 'extra' is not in the table"),
    ],
)
def test_an_import_against_the_flow_is_found(path: str, source: str, complaint: str) -> None:
    problems = breaches(source, PurePosixPath("plugins", path))
    assert len(problems) == 1
    assert complaint in problems[0]


@pytest.mark.parametrize(
    ("path", "source"),
    [
        (
            "plugin_utils/analyse/trace.py",
            "from ..model.flows import FlowSet\nfrom ..errors import FlowError",
        ),
        ("plugin_utils/analyse/trace.py", "from .evaluate import evaluate\nimport heapq"),
        ("plugin_utils/render/text.py", "import jinja2\nfrom ..policy import report"),
        (
            "plugin_utils/guard/steps.py",
            "from ..checkpoint import book\nfrom ansible.errors import AnsibleError",
        ),
        ("action/one.py", f"from {PACKAGE}.plugin_utils.gather import pool"),
        ("module_utils/agent.py", "import json, socket"),
    ],
)
def test_an_import_along_the_flow_passes(path: str, source: str) -> None:
    assert breaches(source, PurePosixPath("plugins", path)) == []
