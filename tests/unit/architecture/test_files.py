# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Size, header and habits of every file in the tree."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.tree import tracked_files
from tests.unit.architecture.files import HEADER, MAX_LINES, problems

HEAD = "\n".join(HEADER) + "\n"


def test_every_file_keeps_the_rules(root: Path) -> None:
    files = tracked_files(root)
    assert "plugins/plugin_utils/errors.py" in files
    found = []
    for name in files:
        try:
            text = (root / name).read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue  # a picture or a capture: no text, no rule about text
        found += problems(name, text)
    assert not found, "\n".join(["", *found])


@pytest.mark.parametrize(
    ("path", "text", "complaint"),
    [
        ("plugins/filter/x.py", HEAD + "\n" * MAX_LINES, f"more than {MAX_LINES}"),
        ("lab/up", "\n" * (MAX_LINES + 1), f"more than {MAX_LINES}"),
        ("tests/unit/test_x.py", "import json\n", "copyright"),
        ("plugins/filter/x.py", HEAD + '"""Doc."""\nimport json\n', "`from __future__ import annotations`"),
        ("lab/x.py", HEAD + "try:\n    f()\nexcept " + "Exception:\n    pass\n", "6: a broad except"),
        ("lab/x.py", HEAD + "try:\n    f()\nexcept:\n    pass\n", "6: a broad except"),
        (
            "lab/x.py",
            HEAD + "try:\n    f()\nexcept (OSError, " + "BaseException) as e:\n    g(e)\n",
            "a broad except",
        ),
        ("README.md", "see /" + "root/notes\n", "1: a path of one machine"),
        ("docs/x.md", "\n/" + "work/main\n", "2: a path of one machine"),
        ("roles/path_guard/tasks/main.yml", "# TO" + "DO: later\n", "1: a sign of unfinished work"),
    ],
)
def test_a_breach_is_found(path: str, text: str, complaint: str) -> None:
    found = problems(path, text)
    assert len(found) == 1
    assert complaint in found[0]


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (
            "plugins/modules/x.py",
            "#!/usr/bin/python\n# -*- coding: utf-8 -*-\n" + HEAD + "from __future__ import annotations\n",
        ),
        (
            "plugins/plugin_utils/x.py",
            HEAD + '"""Doc."""\n\nfrom __future__ import annotations\nimport json\n',
        ),
        ("lab/x.py", HEAD + "try:\n    f()\nexcept BaseException:\n    undo()\n    raise\n"),
        ("plugins/plugin_utils/x/__init__.py", ""),
    ],
)
def test_a_good_file_passes(path: str, text: str) -> None:
    assert problems(path, text) == []
