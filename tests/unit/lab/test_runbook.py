# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The incident runbook is read at night: what it tells to type exists, and every verdict leads somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from ansible_collections.pathguard.network.plugins.plugin_utils.diagnose import cause, verdict
from lab.pathguard_lab.drill.session import COMMANDS

ROOT = Path(__file__).resolve().parents[3]
PLUGIN_UTILS = ROOT / "plugins" / "plugin_utils"
RUNBOOK = (ROOT / "docs" / "incident-runbook.md").read_text(encoding="utf-8")
COMMAND = re.compile(r"ansible-playbook(?: \\?\n?\s*(?:-i|-e|[\w./:=,-]+))+")
# What a cause is about -> how step 4 calls it. The others are matters of step 3.
ELSE = {
    cause.LISTENER: "a listener",
    cause.SERVICE: "the service",
    cause.ROUTE: "a route",
    cause.NAME: "a name",
    cause.CONNTRACK: "a full table of connections",
    cause.MTU: "large packets",
    cause.NAT: "an address is translated",
    cause.HOST: "the database host does not answer",
}


def section(number: int) -> str:
    return RUNBOOK.partition(f"\n## {number}. ")[2].partition("\n## ")[0]


def commands() -> list[list[str]]:
    return [match.group().replace("\\\n", " ").split() for match in COMMAND.finditer(RUNBOOK)]


def variables(playbook: str) -> set[str]:
    """What a playbook and its roles read."""
    text = (ROOT / "playbooks" / f"{playbook}.yml").read_text(encoding="utf-8")
    found = set(re.findall(r"\b[a-z]+(?:_[a-z]+)+\b", text))
    for role in re.findall(r"name: pathguard\.network\.(\w+)", text):
        specs = yaml.safe_load(
            (ROOT / "roles" / role / "meta" / "argument_specs.yml").read_text(encoding="utf-8")
        )
        found |= {name for entry in specs["argument_specs"].values() for name in entry.get("options", {})}
    return found


def test_diagnose_comes_first() -> None:
    assert "pathguard.network.diagnose" in commands()[0]
    assert "diagnose" in section(1).partition("```")[2]


def test_the_playbooks_and_their_variables_are_there() -> None:
    found = commands()
    assert len(found) >= 6
    for words in found:
        [name] = [word for word in words if word.startswith("pathguard.network.")]
        playbook = name.rpartition(".")[2]
        assert (ROOT / "playbooks" / f"{playbook}.yml").is_file(), name
        given = [word.partition("=")[0] for word in words if "=" in word]
        assert given, words
        assert set(given) <= variables(playbook), (name, given)


def test_whatever_else_is_named_is_there() -> None:
    playbooks = {path.stem for path in (ROOT / "playbooks").glob("*.yml")}
    modules = {path.stem for path in (ROOT / "plugins" / "modules").glob("*.py")}
    named = set(re.findall(r"pathguard\.network\.(\w+)", RUNBOOK))
    assert named <= playbooks | modules
    known = set().union(*(variables(playbook) for playbook in playbooks))
    action = (ROOT / "plugins" / "action" / "diagnose_step.py").read_text(encoding="utf-8")
    for name in set(re.findall(r"\bpath_(?:diagnose|monitor|audit|guard)_\w+", RUNBOOK)):
        assert name in known or f'"{name}"' in action, name


def test_every_verdict_leads_somewhere() -> None:
    table = re.findall(r"^\| `(\w+)` \| .* \| .*step (\d)", section(2), re.MULTILINE)
    assert {kind for kind, _step in table} == {
        verdict.FIREWALL,
        verdict.OTHER,
        verdict.NOTHING,
        verdict.UNKNOWN,
    }
    for _kind, step in table:
        assert section(int(step)).strip(), step


@pytest.mark.parametrize("layer", ELSE)
def test_every_cause_beside_the_firewall_has_a_line(layer: str) -> None:
    [row] = [line for line in section(4).splitlines() if line.startswith(f"| {ELSE[layer]}")]
    assert len(row.split("|")[2].split()) >= 2, row


@pytest.mark.parametrize(
    "words",
    [
        "put it back",
        "on disk",
        "also",
        "proof",
        "nothing is cut off now",
        "not known",
        "next",
        "can't be read",
    ],
)
def test_what_is_to_be_looked_for_is_what_the_screen_says(words: str) -> None:
    files = [path for part in ("diagnose", "render") for path in (PLUGIN_UTILS / part).rglob("*")]
    sources = "".join(path.read_text(encoding="utf-8") for path in files if path.suffix in (".py", ".j2"))
    assert f"`{words}`" in RUNBOOK
    assert words in sources


def test_the_page_of_drills_knows_all_commands() -> None:
    page = (ROOT / "docs" / "drill.md").read_text(encoding="utf-8")
    for name in COMMANDS:
        assert re.search(rf"^\| `{name}\b", page, re.MULTILINE), name
