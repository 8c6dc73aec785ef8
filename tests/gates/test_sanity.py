# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``ansible-test sanity`` over the collection."""

from __future__ import annotations

import re
import sys
from importlib import resources
from pathlib import Path

import pytest

# ansible-test fetches pip's bootstrap script from a web server of its own. Python brings a pip
# along, which then installs what ansible-test asks for from wherever pip is set up to look.
BOOTSTRAP = '''"""Stands in for get-pip.py: pip from the standard library, then pip's own arguments."""
import subprocess
import sys

words = [word for word in sys.argv[1:] if word not in ("--no-setuptools", "--no-wheel")]
subprocess.check_call([sys.executable, "-m", "ensurepip"])
sys.exit(subprocess.call([sys.executable, "-m", "pip", "install"] + words))
'''


def plant_bootstrap() -> Path:
    """Put the script where ansible-test looks before it downloads; leave one that is already there."""
    source = resources.files("ansible_test").joinpath("_internal/python_requirements.py").read_text("utf-8")
    (version,) = re.findall(r"^\s+pip='([\d.]+)',$", source, re.MULTILINE)
    script = Path.home() / ".ansible" / "test" / "cache" / f"get_pip_{version.replace('.', '_')}.py"
    if not script.exists():
        script.parent.mkdir(parents=True, exist_ok=True)
        script.write_text(BOOTSTRAP, encoding="utf-8")
    return script


WANTED = {"validate-modules", "import", "compile", "pep8", "yamllint", "ansible-doc"}


@pytest.mark.parametrize(
    ("less", "wanted"),
    [
        (["--exclude", "tests/", "--skip-test", "pylint"], WANTED),
        pytest.param([], {*WANTED, "pylint"}, marks=pytest.mark.long),
    ],
    ids=["what-ships", "everything"],
)
def test_ansible_test_sanity(collection: Path, tool, less: list[str], wanted: set[str]) -> None:
    """In the short form without what ruff and mypy look after as well: pylint, which takes most of the time, and the
    tests, which do not ship."""
    plant_bootstrap()
    python = "{}.{}".format(*sys.version_info)
    ended = tool(
        "ansible-test", "sanity", "--local", "--color", "no", "--python", python, *less, cwd=collection
    )
    output = ended.output
    complaints = re.findall(r"^(?:ERROR|FATAL): .*", output, re.MULTILINE)
    assert not complaints, "\n".join(["", *complaints])
    ended.must_pass()
    ran = set(re.findall(r"^Running sanity test \"([\w-]+)\"", output, re.MULTILINE))
    assert ran >= wanted, output
    assert not re.search(r"^WARNING: (Skipping|Unable)", output, re.MULTILINE), output
