# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ansible.utils.validate itself with our engine: its action, filter, test and lookup, and the page's examples.

The collection is taken out of the package ``ansible``, which is large; so this is part of the long form.
"""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import yaml

from tests.support import example_plays, example_site
from tests.support.examples import of_page

pytestmark = pytest.mark.long

# The last one for Python 3.11; ansible.utils 6.0 is in it.
PACKAGE = "ansible==12.3.0"
NAME = "ansible.utils"
NARROW = ("10.10.1.0/24 ip daddr", "10.10.1.0/26 ip daddr")


@pytest.fixture(scope="module")
def collections(tmp_path_factory: pytest.TempPathFactory, root: Path) -> Path:
    """A folder with ansible.utils and this collection."""
    folder = tmp_path_factory.mktemp("collections")
    done = subprocess.run(
        [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(folder), PACKAGE],
        capture_output=True, text=True, check=False, timeout=280,
    )  # fmt: skip
    if done.returncode:
        pytest.skip(f"{PACKAGE} can't be had here: {done.stderr.strip().splitlines()[-1:]}")
    [wheel] = folder.glob("ansible-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(
            folder,
            [name for name in archive.namelist() if "/ansible/utils/" in name and "/tests/" not in name],
        )
    wheel.unlink()
    (folder / "ansible_collections" / "pathguard").mkdir()
    (folder / "ansible_collections" / "pathguard" / "network").symlink_to(root, target_is_directory=True)
    return folder


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    example_site.make(folder)
    raw = example_site.outputs()
    for output in raw["fw1"]:
        if output.name.startswith("nft"):
            old = '"len": 24' if output.name == "nft_json" else NARROW[0]
            assert old in output.stdout
    narrow = [
        type(output)(output.name, output.command, output.rc, output.stdout.replace('"len": 24', '"len": 26'), output.stderr)
        for output in raw["fw1"]
    ]  # fmt: skip
    for host, outputs in raw.items():
        example_site.save(folder / "bad", host, "linux", narrow if host == "fw1" else outputs)
    return folder


def run(site: Path, collections: Path, playbook: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [Path(sys.executable).parent / "ansible-playbook", "-i", "inventory.yml", playbook],
        cwd=site,
        env={"ANSIBLE_COLLECTIONS_PATH": str(collections), "ANSIBLE_NOCOLOR": "1", "HOME": str(site), "PATH": "/usr/bin:/bin"},
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip


def test_the_examples_of_the_page(site: Path, collections: Path, root: Path) -> None:
    page = "docs/coming-from.md"
    examples = [
        one
        for one in of_page(page, (root / page).read_text(encoding="utf-8"))
        if NAME in one.text and one.kind() == "tasks"
    ]
    path, tasks = example_plays.write_to_run(examples, site, f"needs the collection {NAME}")
    assert len(tasks) == 2
    done = run(site, collections, path)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_way_to_call_it(site: Path, collections: Path) -> None:
    call = "ansible.utils.validate('policy.yml', engine='pathguard.network.paths', groups=groups)"
    task = {"data": "bad", "criteria": "policy.yml", "engine": "pathguard.network.paths"}
    that = [
        "found is failed",
        "found.errors | length == 2",
        "found.errors[0].data_path == 'hosts.fw1'",
        "'cut off: 10.10.1.66' in found.errors[0].message",
        "'PathGuard FAIL' in found.msg",
        "mistake is failed and 'did you mean' in mistake.msg",
        f"('bad' | {call}) == found.errors",
        f"('snapshots/now' | {call}) == []",
        "'snapshots/now' is ansible.utils.validate(criteria='policy.yml', engine='pathguard.network.paths', groups=groups)",
        "(query('ansible.utils.validate', 'bad', 'policy.yml', engine='pathguard.network.paths')) | length == 2",
    ]
    wrong = {"requiredPaths": [{"name": "x", "from": {"group": "ap"}, "to": {"group": "db"}, "service": 1}]}
    tasks = [
        {"ansible.utils.validate": task, "register": "found", "ignore_errors": True},
        {"ansible.utils.validate": {**task, "criteria": wrong}, "register": "mistake", "ignore_errors": True},
        {"ansible.builtin.assert": {"that": that}},
    ]
    play = [{"hosts": "localhost", "gather_facts": False, "tasks": tasks}]
    (site / "ways.yml").write_text(yaml.safe_dump(play), encoding="utf-8")
    done = run(site, collections, site / "ways.yml")
    assert done.returncode == 0, done.stdout + done.stderr
