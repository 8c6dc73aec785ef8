# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The examples of the documentation that need hosts, run in the lab, all by one playbook."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from tests.integration.lab_fixture import INVENTORY, Lab
from tests.support import example_plays, example_site
from tests.support.example_reasons import LAB
from tests.support.examples import PLAY, TASKS, all_examples

pytestmark = pytest.mark.long


@pytest.mark.timeout(1800)
def test_examples_that_need_hosts_run_in_the_lab(fresh_lab: Lab, root: Path, tmp_path: Path) -> None:
    example_site.make(tmp_path)
    examples = [one for one in all_examples(root) if one.kind() in (PLAY, TASKS)]
    path, run = example_plays.write_to_run(examples, tmp_path, LAB, "app01")
    assert len(run) >= 20
    more = tmp_path / "more.yml"
    more.write_text(yaml.safe_dump({"all": {"children": {"edge": {}, "routers": {}}}}), encoding="utf-8")
    done = fresh_lab.ansible("-i", INVENTORY, "-i", more, path, cwd=tmp_path, timeout=1500)
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]
