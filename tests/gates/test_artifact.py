# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The built artifact: what is in it, what Galaxy's importer says, and that it works once installed."""

from __future__ import annotations

import re
import shutil
import tarfile
from pathlib import Path

import pytest

from tests.benchmarks.rulesets import nft_ruleset
from tests.gates.conftest import Tool

# What development needs and a user does not; a file of these in the artifact is a hole in build_ignore.
NOT_SHIPPED = re.compile(
    r"^(\.|lab/|requirements/|pyproject|docs/(build|generator)|tests/(unit|integration|kernel|gates|benchmarks|support|run|conftest))"
)
SHIPPED = {"LICENSE", "README.md", "meta/runtime.yml", "meta/execution-environment.yml", "requirements.txt"}


@pytest.fixture(scope="session")
def installed(artifact: Path, tool: Tool, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder above ``ansible_collections`` into which ansible-galaxy installed the artifact."""
    folder = tmp_path_factory.mktemp("installed")
    # Without its own path, ansible-galaxy finds the collection under test and installs nothing.
    tool(
        "ansible-galaxy", "collection", "install", "--offline", "-p", folder, artifact,
        cwd=folder, ANSIBLE_COLLECTIONS_PATH=str(folder),
    ).must_pass()  # fmt: skip
    assert (folder / "ansible_collections/pathguard/network/MANIFEST.json").is_file()
    return folder


def test_contents(artifact: Path) -> None:
    with tarfile.open(artifact) as archive:
        names = {member.name for member in archive if member.isfile()}
    assert not {name for name in names if NOT_SHIPPED.match(name)}
    assert names >= SHIPPED
    assert any(name.startswith("schemas/") for name in names), "schemas/ are read at run time"


def test_galaxy_importer(artifact: Path, publishing_tool: Tool) -> None:
    output = publishing_tool(
        "python", "-m", "galaxy_importer.main", artifact, cwd=artifact.parent
    ).must_pass()
    assert "Importer processing completed successfully" in output
    # What ansible-lint and ansible-doc find inside the importer is logged, and changes no exit status.
    complaints = re.findall(r"^(?:ERROR|WARNING|CRITICAL): .*", output, re.MULTILINE)
    assert not complaints, "\n".join(["", *complaints])


def test_execution_environment(copied_tree: Path, root: Path, publishing_tool: Tool) -> None:
    output = publishing_tool("ansible-builder", "introspect", copied_tree, cwd=copied_tree).must_pass()
    needs = [
        line.split("#")[0].strip() for line in (root / "requirements.txt").read_text("utf-8").splitlines()
    ]
    system = ["git [platform:rpm]", "git [platform:dpkg]", "openssh-clients [platform:rpm]"]
    missing = [need for need in (*needs, *system) if need and need not in output]
    assert not missing
    assert "ansible-core" not in output
    assert not re.search(r"^- .*<", output, re.MULTILINE), "an upper bound in requirements.txt"


def test_the_image_for_jobs(root: Path, tmp_path: Path, publishing_tool: Tool) -> None:
    definition = root / "extensions" / "awx" / "execution-environment.yml"
    context = tmp_path / "context"
    publishing_tool("ansible-builder", "create", "-f", definition, "-c", context, cwd=tmp_path).must_pass()
    assert "pathguard.network" in (context / "_build" / "requirements.yml").read_text("utf-8")
    assert "introspect.py" in next(context.glob("*file")).read_text("utf-8")


def test_installed_modules_are_found(installed: Path, tool: Tool) -> None:
    runtime = installed / "ansible_collections/pathguard/network/meta/runtime.yml"
    group = re.findall(r"^    - (\w+)$", runtime.read_text("utf-8"), re.MULTILINE)
    listed = tool(
        "ansible-doc",
        "--list",
        "--json",
        "pathguard.network",
        cwd=installed,
        ANSIBLE_COLLECTIONS_PATH=str(installed),
    ).must_pass()
    assert group
    assert [name for name in group if f"pathguard.network.{name}" not in listed] == []


def test_smoke_of_the_installed_collection(installed: Path, root: Path, tmp_path: Path, tool: Tool) -> None:
    (tmp_path / "ruleset.json").write_text(nft_ruleset(rules=5, seed=1)[0], encoding="utf-8")
    shutil.copy(root / "tests" / "gates" / "smoke.yml", tmp_path)
    output = tool(
        "ansible-playbook", "-i", "localhost,", "-c", "local", "smoke.yml",
        cwd=tmp_path, ANSIBLE_COLLECTIONS_PATH=str(installed),
    ).must_pass()  # fmt: skip
    assert "All assertions passed" in output


def test_unit_tests_pass_on_the_installed_collection(root: Path, installed: Path, tool: Tool) -> None:
    output = tool(
        "python", "-m", "pytest", "-q", "-p", "no:cacheprovider", "-n", "2", "--durations=0", "--durations-min=5", "-m", "not long and not device",
        # One of each kind of the collection's own files beside its code: agents, templates, schemas, tables.
        *(root / "tests" / "unit" / name for name in (
            "checkpoint/test_controller.py", "diagnose/test_report.py", "discover", "guard/test_text.py",
            "policy/test_read.py", "policy/test_schemas.py", "probe", "render",
        )),
        cwd=root, PATHGUARD_COLLECTIONS=str(installed),
    ).must_pass()  # fmt: skip
    assert re.search(r"^\d+ passed", output, re.MULTILINE)
