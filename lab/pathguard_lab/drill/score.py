# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The trainees' scores: a line of JSON for each drill, beside the lab's state, readable by its owner alone."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from ..errors import LabError
from ..state import state_folder


@dataclass(frozen=True)
class Score:
    """``at``: RFC 3339, UTC. ``outcome``: solved, gave up, left. ``seconds``: to the right answer, or to the end."""

    at: str
    trainee: str
    fault: str
    seed: int | None
    outcome: str
    seconds: float
    wrong: int
    hints: int


def score_file() -> Path:
    """``$XDG_STATE_HOME/pathguard-drill/scores.jsonl``."""
    return state_folder().with_name("pathguard-drill") / "scores.jsonl"


def keep(score: Score, path: Path) -> None:
    """Add a line. LabError where the file can't be written."""
    line = json.dumps(asdict(score), ensure_ascii=False) + "\n"
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        with open(handle, "a", encoding="utf-8") as file:
            file.write(line)
    except OSError as error:
        raise LabError(
            f"the score could not be kept in {path}: {error.strerror}\nwhat to do: make room, or correct its rights"
        ) from None


def scores(path: Path) -> tuple[list[Score], int]:
    """All that can be read, and how many lines could not."""
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except FileNotFoundError:
        return [], 0
    except OSError as error:
        raise LabError(f"the scores in {path} can't be read: {error.strerror}") from None
    found = [score for score in map(_score, lines) if score is not None]
    return found, len(lines) - len(found)


def _score(line: str) -> Score | None:
    try:
        document = json.loads(line)
        score = Score(**{one.name: document[one.name] for one in fields(Score)})
    except (ValueError, KeyError, TypeError):
        return None
    return score if isinstance(score.seconds, (int, float)) and isinstance(score.trainee, str) else None


def table(found: Sequence[Score]) -> str:
    """The newest last."""
    head = f"{'when':20}  {'trainee':12}  {'fault':5}  {'outcome':8}  {'seconds':>7}  wrong  hints"
    rows = [
        f"{one.at:20}  {one.trainee:12.12}  {one.fault:5}  {one.outcome:8}  {one.seconds:7.0f}"
        f"  {one.wrong:5}  {one.hints:5}"
        for one in found
    ]
    return "\n".join([head, *rows])
