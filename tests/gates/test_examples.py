# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every example of the documentation is executed: pages, READMEs of roles, and EXAMPLES of modules, filters and tests.

Policies are proven, commands name what is there, the syntax of all plays is checked in one process, and all tasks that
need no host run in another; those that need the lab run there (tests/integration/test_examples_lab.py). What can't be
executed has its reason in tests/support/example_reasons.py, and is listed by ``pytest -s``.
"""

from __future__ import annotations

import configparser
import itertools
import json
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from ansible_collections.pathguard.network.plugins.plugin_utils.gather.offline import states_of
from ansible_collections.pathguard.network.plugins.plugin_utils.gather.snapshot import files_in
from ansible_collections.pathguard.network.plugins.plugin_utils.policy.read import load_policy
from ansible_collections.pathguard.network.plugins.plugin_utils.policy.validate import validate
from tests.gates.conftest import Tool
from tests.support import example_plays, example_site
from tests.support.example_reasons import NOT_EXECUTED, PROGRAMS
from tests.support.examples import (
    DATA,
    EXPRESSION,
    INVENTORY,
    OUTPUT,
    PLAY,
    POLICY,
    SHELL,
    TASKS,
    THEIRS,
    VARIABLES,
    Example,
    all_examples,
)

# What a play's ``hosts`` is made of must be there when its syntax is checked.
NEEDED = {"failover_standby": "db_standby", "failover_hosts": "db_standby"}
COMMAND = ["ansible-playbook", "-i", "inventory.yml", "play.yml"]


@pytest.fixture(scope="module")
def examples(root: Path) -> list[Example]:
    """Those that are to be executed."""
    return [example for example in all_examples(root) if not reasons(example)]


def reasons(example: Example) -> list[str]:
    return [reason for page, part, reason in NOT_EXECUTED if page == example.page and part in example.text]


def of_kind(examples: list[Example], *kinds: str) -> list[Example]:
    found = [example for example in examples if example.kind() in kinds]
    assert found or EXPRESSION in kinds, kinds
    return found


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    example_site.make(folder)
    return folder


def options(root: Path) -> dict[str, set[str]]:
    """Module or entry point of a role -> its options."""
    found = {}
    for path in sorted((root / "plugins" / "modules").glob("*.py")):
        names = re.findall(
            r"^  (\w+):$", path.read_text(encoding="utf-8").partition("\noptions:\n")[2], re.MULTILINE
        )
        found[path.stem] = {*names, "hosts", "transport", "platform", "files"}
    for path in sorted((root / "roles").glob("*/meta/argument_specs.yml")):
        for name, entry in yaml.safe_load(path.read_text(encoding="utf-8"))["argument_specs"].items():
            found[f"{path.parent.parent.name}.{name}"] = set(entry.get("options", {}))
    return found


def test_every_example_is_executed_or_says_why_not(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    everything = all_examples(root)
    known = options(root)
    for example in everything:
        why = reasons(example)
        assert len(why) <= 1, f"{example.where}: two reasons"
        if not why and not example.kind():
            data = example.data() if example.language == "yaml" else None
            fits = isinstance(data, dict) and any(data.keys() <= names for names in known.values())
            assert fits, (
                f"{example.where}: nothing executes this {example.info or 'block'}; see tests/support/examples.py for what "
                "is executed how, or give the reason in tests/support/example_reasons.py"
            )
    for page, part, _reason in NOT_EXECUTED:
        assert sum(page == one.page and part in one.text for one in everything) == 1, (page, part)
    table = [(one.where, one.info, why) for one in everything for why in reasons(one)]
    table += example_plays.left_out(of_kind(everything, PLAY, TASKS))
    with capsys.disabled():
        print(f"\n{len(everything)} examples; not executed here:")
        print("\n".join("  ".join(line) for line in table))


def test_policies_are_proven(examples: list[Example], site: Path) -> None:
    states = states_of(files_in(site / "snapshots"))
    for example in of_kind(examples, POLICY):
        report = validate(load_policy(example.text), states, example_site.groups())
        summary = report["summary"]
        assert (
            summary["paths"] + summary["configuration"] + len(report["siblings"])
            or "properties" in example.text
        ), example.where


def commands(example: Example) -> Iterator[list[str]]:
    text = example.text.replace("\\\n", " ")
    for line in text.splitlines():
        words = shlex.split(line, comments=True)
        if words:
            yield words


def test_commands_name_what_is_there(examples: list[Example], root: Path) -> None:
    variables = {name for names in options(root).values() for name in names}
    problems: list[str] = []
    for example in of_kind(examples, SHELL):
        checked = subprocess.run(
            ["bash", "-n"], input=example.text, capture_output=True, text=True, check=False
        )
        assert checked.returncode == 0, f"{example.where}: {checked.stderr}"
        page = (root / example.page).read_text(encoding="utf-8")
        for words in commands(example):
            problems += [
                f"{example.where}: {shlex.join(words)}: {problem}"
                for problem in _command(words, root, variables, page)
            ]
    assert not problems, "\n".join(["", *problems])


def _command(words: list[str], root: Path, variables: set[str], page: str) -> Iterator[str]:
    """What is wrong with a command: a program, playbook, file or variable that is not there."""
    while words and re.match(r"[A-Z_]+=", words[0]):
        words = words[1:]
    program = words[0]
    if "/" in program:
        if not (root / program).is_file():
            yield f"there is no {program}"
        if program.endswith("lab/shell") and "--" in words:
            yield from _command(words[words.index("--") + 1 :], root, variables, page)
        return
    if program in ("ansible-playbook", "ansible-navigator"):
        yield from _playbook(words[1:], root, variables, page)
    elif program not in PROGRAMS:
        yield f"nothing is known of {program}: see PROGRAMS in tests/support/example_reasons.py"


def _playbook(words: list[str], root: Path, variables: set[str], page: str) -> Iterator[str]:
    names = [word for word in words if re.fullmatch(r"pathguard\.network\.\w+|[\w./-]+\.ya?ml", word)]
    text = ""
    for name in names:
        ours = root / "playbooks" / f"{name.rpartition('.')[2]}.yml"
        path = ours if name.startswith("pathguard.network.") else root / name
        if path.is_file():
            text += path.read_text(encoding="utf-8")
        elif f"`{name}`" not in page:
            yield f"there is no playbook {name}"
    for flag, value in itertools.pairwise(words):
        if flag in ("-e", "--extra-vars") and not value.startswith("@"):
            for part in value.split():
                name = part.partition("=")[0]
                if name not in variables and not re.search(rf"\b{name}\b", text):
                    yield f"nobody reads the variable {name}"


def test_data_is_well_formed(examples: list[Example], root: Path, tmp_path: Path, tool: Tool) -> None:
    inventories = []
    names = {name for names in options(root).values() for name in names}
    rulebooks = "".join(
        path.read_text(encoding="utf-8") for path in root.glob("extensions/eda/rulebooks/*.yml")
    )
    for example in of_kind(examples, DATA, INVENTORY, VARIABLES):
        kind, data = example.kind(), tmp_path / f"{len(list(tmp_path.iterdir()))}.yml"
        if kind == INVENTORY:
            document = example.data()
            if not any(key in value for value in document.values() for key in ("hosts", "vars", "children")):
                document = {"all": {"hosts": document}}
            data.write_text(yaml.safe_dump(document), encoding="utf-8")
            inventories += ["-i", str(data)]
        elif kind == VARIABLES:
            ours = [
                name
                for name in example.data()
                if not str(name).startswith("ansible_") and name not in rulebooks
            ]
            assert set(ours) <= names, f"{example.where}: nobody reads {sorted(set(ours) - names)}"
        else:
            data.write_text(example.text, encoding="utf-8")
            _read_data(example, data)
    listed = json.loads(
        tool("ansible-inventory", *inventories, "--list", "--export", cwd=tmp_path).must_pass()
    )
    assert len(listed["_meta"]["hostvars"]) >= len(inventories) // 2


def _read_data(example: Example, path: Path) -> None:
    if example.language == "json":
        json.loads(example.text)
    elif example.language == "ini":
        parser = configparser.ConfigParser(interpolation=None, strict=False)
        parser.read_string(example.text)
        assert parser.sections(), example.where
    elif example.language == "sudoers" and shutil.which("visudo"):
        path.chmod(0o440)
        subprocess.run(["visudo", "-c", "-f", str(path)], check=True, capture_output=True)


def test_examples_of_other_tools_are_well_formed(examples: list[Example]) -> None:
    for example in of_kind(examples, THEIRS):
        if example.language == "yaml":
            assert example.data(), example.where


def test_the_syntax_of_all_plays(
    examples: list[Example], root: Path, site: Path, copied_tree: Path, tool: Tool
) -> None:
    playbooks = [f"pathguard.network.{path.stem}" for path in sorted((root / "playbooks").glob("*.yml"))]
    path = example_plays.write_for_syntax(of_kind(examples, PLAY, TASKS), playbooks, site)
    output = tool(
        "ansible-playbook", "-i", "inventory.yml", "-e", json.dumps(NEEDED), "--syntax-check", path,
        cwd=site, ANSIBLE_COLLECTIONS_PATH=str(copied_tree),
    ).must_pass()  # fmt: skip
    assert "syntax.yml" in output


def test_tasks_that_need_no_host_run(
    examples: list[Example], site: Path, copied_tree: Path, tool: Tool
) -> None:
    pages = {one.page for one in examples if is_worked(examples, one.page)}
    path, run = example_plays.write_to_run(
        [one for one in of_kind(examples, PLAY, TASKS) if one.page not in pages], site
    )
    assert len(run) >= 12
    tool(
        "ansible-playbook", "-i", "inventory.yml", path, cwd=site, ANSIBLE_COLLECTIONS_PATH=str(copied_tree)
    ).must_pass()


def is_worked(examples: list[Example], page: str) -> bool:
    """Whether a page is an example as a whole: all of its files, the command, and what that prints."""
    return any(
        one.page == page and one.kind() == SHELL and COMMAND in list(commands(one)) for one in examples
    )


def test_worked_examples_print_what_the_page_says(
    examples: list[Example], tmp_path: Path, copied_tree: Path, tool: Tool
) -> None:
    pages = sorted({one.page for one in examples if is_worked(examples, one.page)})
    assert "docs/saved-configurations.md" in pages
    for page in pages:
        folder = tmp_path / Path(page).stem
        shown: list[Example] = []
        for one in (one for one in examples if one.page == page):
            if one.name:
                (folder / one.name).parent.mkdir(parents=True, exist_ok=True)
                (folder / one.name).write_text(one.text, encoding="utf-8")
            elif one.kind() == OUTPUT:
                shown.append(one)
        output = tool(*COMMAND, cwd=folder, ANSIBLE_COLLECTIONS_PATH=str(copied_tree)).must_pass()
        printed = _lines(output)
        for one in shown:
            missing = [
                line
                for line in one.text.splitlines()
                if line.strip() not in printed and not line.endswith("...")
            ]
            assert not missing, f"{one.where} is not what is printed: {missing}"


def _lines(output: str) -> set[str]:
    """The lines that debug tasks print, as texts in lists."""
    found: set[str] = {""}
    for line in output.splitlines():
        text = line.strip().rstrip(",")
        if text.startswith('"') and text.endswith('"'):
            found.add(json.loads(text).strip())
    return found


def test_an_example_that_nothing_executes_is_noticed() -> None:
    assert Example("p.md", 1, "cobol", "x").kind() == ""
    assert Example("p.md", 1, "yaml", "- x: 1\n").kind() == ""
    assert Example("p.md", 1, "yaml", "- sources: []\n  hosts: all\n").kind() == ""
    assert Example("p.md", 1, "yaml theirs", "- x: 1\n").kind() == THEIRS
    root = Path(__file__).parents[2]
    assert list(_command(["lab/nothing"], root, set(), "")) == ["there is no lab/nothing"]
    assert list(
        _command(["ansible-playbook", "pathguard.network.diagnos", "-e", "x=1"], root, set(), "")
    ) == [
        "there is no playbook pathguard.network.diagnos",
        "nobody reads the variable x",
    ]
