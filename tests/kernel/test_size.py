# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What CI compares with the kernel is not less than what is promised, whoever changes a default."""

from __future__ import annotations

import math
from collections.abc import Callable
from types import ModuleType
from typing import Any

from tests.kernel import settings, test_later, test_paths, test_sets, test_verdicts

MODULES = (test_verdicts, test_later, test_sets, test_paths)
# Wide questions may have small parts, so not every ruleset of theirs has as many flows as others.
_LEAST_OF_SETS = 0.5


def _tests(module: ModuleType) -> dict[str, Callable[..., Any]]:
    return {name: found for name, found in vars(module).items() if name in settings.NUMBER_OF}


def _cases(test: Callable[..., Any]) -> int:
    marks = getattr(test, "pytestmark", [])
    return math.prod(len(mark.args[1]) for mark in marks if mark.name == "parametrize")


def test_the_short_run_is_large_enough() -> None:
    tests = {name: test for module in MODULES for name, test in _tests(module).items()}
    assert tests.keys() == settings.NUMBER_OF.keys()
    sizes = (settings.DEFAULT_RULESETS, settings.DEFAULT_PATHS)
    rulesets = {name: _cases(test) * settings.number_of(name, *sizes) for name, test in tests.items()}
    flows = {
        name: count
        * settings.DEFAULT_FLOWS
        * (_LEAST_OF_SETS if name == "test_parts_of_wide_questions" else 1)
        for name, count in rulesets.items()
    }
    print(rulesets, flows)
    assert sum(rulesets.values()) >= 300
    assert sum(flows.values()) >= 20_000
    assert min(flows.values()) >= 500
