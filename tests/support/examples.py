# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The examples of the documentation: fenced blocks of pages, and EXAMPLES of plugins, each with what kind it is.

A kind says how an example is executed (tests/gates/test_examples.py). What none of the rules here knows has no kind, and
needs an entry in the table of tests/support/example_reasons.py.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from ansible_collections.pathguard.network.plugins.plugin_utils.policy.keywords import OWN

FENCE = re.compile(
    r"^(?P<indent> *)```(?P<info>[^\n`]*)\n(?P<text>.*?)^(?P=indent)```\s*$", re.MULTILINE | re.DOTALL
)
# `name.ext`, at the beginning of the paragraph before a block: the block is that file.
NAMED = re.compile(r"^`(?P<name>[\w./-]+\.[a-z0-9]+)`")
SHOWN = frozenset({"", "text", "console"})
SHELL, POLICY, PLAY, TASKS, INVENTORY, VARIABLES, OUTPUT, EXPRESSION, THEIRS, DATA = (
    "shell", "policy", "play", "tasks", "inventory", "variables", "shown", "expression", "theirs", "data",
)  # fmt: skip
# Read by the program or library that it is for.
DATA_LANGUAGES = frozenset({"sudoers", "ini", "json", "toml"})
POLICY_KEYS = frozenset({*OWN, "properties", "$schema"})
INVENTORY_KEYS = frozenset({"hosts", "vars", "children"})


class _Loader(yaml.SafeLoader):
    """Tags of Ansible (!vault, !unsafe) are read as what they stand before."""


_Loader.add_multi_constructor("!", lambda loader, _suffix, node: loader.construct_scalar(node))


@dataclass(frozen=True)
class Example:
    """``page``: from the root. ``line``: of the fence, or of the plugin's file. ``name``: the file that it is, if any.
    ``info``: what stands behind the fence."""

    page: str
    line: int
    info: str
    text: str
    name: str = ""

    @property
    def language(self) -> str:
        return self.info.split()[0] if self.info.strip() else ""

    @property
    def where(self) -> str:
        return f"{self.page}:{self.line}"

    def data(self) -> Any:
        return yaml.load(self.text, Loader=_Loader)  # noqa: S506 - a SafeLoader

    def kind(self) -> str:
        """One of the kinds above; empty where nothing here knows what it is."""
        if "theirs" in self.info.split()[1:]:
            return THEIRS
        if self.language in SHOWN:
            return OUTPUT
        if self.language in ("shell", "bash", "sh"):
            return SHELL
        if self.language == "jinja":
            return EXPRESSION
        if self.language in DATA_LANGUAGES:
            return DATA
        return _kind_of_yaml(self.data()) if self.language in ("yaml", "yml") else ""


def _kind_of_yaml(data: Any) -> str:
    if isinstance(data, list) and data and all(isinstance(item, Mapping) for item in data):
        if all(
            {"hosts", "import_playbook", "ansible.builtin.import_playbook"} & item.keys() for item in data
        ):
            return "" if any("sources" in item for item in data) else PLAY
        return TASKS if all(module_of(item) for item in data) else ""
    if not isinstance(data, Mapping):
        return ""
    if POLICY_KEYS & data.keys():
        return POLICY
    if all(isinstance(value, Mapping) and INVENTORY_KEYS & value.keys() for value in data.values()):
        return INVENTORY
    variables = [key for value in data.values() if isinstance(value, Mapping) for key in value]
    if all(isinstance(value, Mapping) for value in data.values()) and _are_variables(variables):
        return INVENTORY
    return VARIABLES if _are_variables(data) else ""


def _are_variables(names: Iterable[str]) -> bool:
    """Whether they are named as variables of roles and connections are: ``path_guard_policy``."""
    return all(re.match(r"[a-z]+(_[a-z0-9]+)+\Z", str(name)) for name in names)


# Keywords of tasks and blocks (ansible.playbook.task): what is left of a task's keys is its module.
KEYWORDS = frozenset(
    [
        "name",
        "vars",
        "when",
        "register",
        "loop",
        "loop_control",
        "failed_when",
        "changed_when",
        "become",
        "become_user",
        "run_once",
        "delegate_to",
        "notify",
        "tags",
        "args",
        "ignore_errors",
        "no_log",
        "check_mode",
        "diff",
        "environment",
        "any_errors_fatal",
        "until",
        "retries",
        "delay",
        "async",
        "poll",
        "connection",
        "listen",
        "delegate_facts",
        "rescue",
        "always",
    ]
)


def module_of(task: Mapping[str, Any]) -> str:
    """The module of a task, ``block`` for a block; empty if it is no task."""
    rest = [key for key in task if key not in KEYWORDS and not str(key).startswith("with_")]
    if len(rest) != 1 or ("." not in str(rest[0]) and rest[0] != "block"):
        return ""
    return str(rest[0])


def tasks_of(data: Any) -> Iterator[Mapping[str, Any]]:
    """The tasks of a list of tasks or plays, those within blocks too."""
    for item in data:
        for key in ("pre_tasks", "tasks", "post_tasks", "handlers", "block", "rescue", "always"):
            yield from tasks_of(item.get(key) or [])
        module = module_of(item) if "hosts" not in item else ""
        if module and module != "block":
            yield item


def of_page(page: str, text: str) -> list[Example]:
    found = []
    for match in FENCE.finditer(text):
        before = text[: match.start()].rstrip()
        paragraph = before.rpartition("\n\n")[2]
        named = (
            NAMED.match(paragraph)
            if before.endswith((":", ".")) and text[: match.start()].endswith("\n\n")
            else None
        )
        indent = len(match["indent"])
        body = "".join(line[indent:] for line in match["text"].splitlines(keepends=True))
        line = text.count("\n", 0, match.start()) + 1
        found.append(Example(page, line, match["info"].strip(), body, named["name"] if named else ""))
    return found


def of_plugin(page: str, text: str) -> list[Example]:
    """EXAMPLES of a module, or of the YAML file beside a filter or test."""
    if page.endswith(".py"):
        values = {
            node.targets[0].id: node.value.value
            for node in ast.parse(text).body
            if isinstance(node, ast.Assign)
            and isinstance(node.targets[0], ast.Name)
            and isinstance(node.value, ast.Constant)
        }
        said = values.get("EXAMPLES", "")
    else:
        said = yaml.safe_load(text).get("EXAMPLES", "")
    line = text.count("\n", 0, text.find("EXAMPLES")) + 1
    return [Example(page, line, "yaml", said)] if said else []


def all_examples(root: Path) -> list[Example]:
    """Of README.md, docs/*.md, the READMEs of roles and of extensions, modules, filters and tests."""
    found = []
    for path in [
        root / "README.md", *sorted(root.glob("docs/*.md")), *sorted(root.glob("roles/*/README.md")),
        *sorted(root.glob("extensions/**/README.md")),
    ]:  # fmt: skip
        found += of_page(str(path.relative_to(root)), path.read_text(encoding="utf-8"))
    for path in [*sorted(root.glob("plugins/modules/*.py")), *sorted(root.glob("plugins/[ft]*/*.yml"))]:
        found += of_plugin(str(path.relative_to(root)), path.read_text(encoding="utf-8"))
    return found
