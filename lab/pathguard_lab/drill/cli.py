# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command behind ``lab/drill``."""

from __future__ import annotations

import argparse
import contextlib
import os
import pwd
import random
import secrets
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator
from datetime import datetime, timezone
from pathlib import Path

from .. import cli as lab_cli
from ..errors import LabError
from ..lab import Lab
from ..state import State
from . import terminal, unattended
from .catalogue import Fault, chosen, faults
from .scene import Scene
from .score import Score, keep, score_file, scores, table
from .session import LEFT, Session, minutes
from .trainee import drill

SEEDS = 1_000_000
NO_TERMINAL = """a drill needs a terminal, and there is none
what to do: start it from a terminal; lab/drill --unattended needs none"""


def _say(text: str = "") -> None:
    print(text, flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="lab/drill",
        description="A lab with a fault in it, a terminal, and the time until you name the cause.",
    )
    parser.add_argument(
        "fault", nargs="?", help="by id, number or a piece of its name; without it, a random one"
    )
    parser.add_argument("--seed", type=int, metavar="N", help="the random choice of an earlier drill again")
    parser.add_argument("--trainee", metavar="NAME", help="for the scores; by default who is logged in")
    parser.add_argument("--list", action="store_true", help="the faults")
    parser.add_argument("--scores", action="store_true", help="all drills so far")
    parser.add_argument(
        "--unattended",
        action="store_true",
        help="prove that the playbook diagnose finds each fault within a minute",
    )
    parser.add_argument(
        "--faults", metavar="LIST", help="with --unattended: which, separated by commas (all)"
    )
    parser.add_argument("--keep", metavar="FOLDER", help="a new folder for the policies and diagnoses")
    parser.add_argument(
        "--of-ansible", action="store_true", help="started by the playbook drill: its terminal is used"
    )
    return parser


def pick(name: str | None, seed: int | None) -> tuple[Fault, int | None]:
    """The fault that is named, else a random one and the seed that gives it again."""
    known = faults()
    if name:
        found = chosen(name, known)
        if len(found) == 1:
            return found[0], None
        seed = secrets.randbelow(SEEDS) if seed is None else seed
        return random.Random(seed).choice(found), seed
    seed = secrets.randbelow(SEEDS) if seed is None else seed
    return random.Random(seed).choice(known), seed


@contextlib.contextmanager
def _folder(keep_in: str | None) -> Iterator[Path]:
    """One that goes away, or the one that was asked for."""
    if keep_in is None:
        folder = Path(tempfile.mkdtemp(prefix="pathguard-drill-"))
        try:
            yield folder
        finally:
            shutil.rmtree(folder)
        return
    folder = Path(keep_in).absolute()
    try:
        folder.mkdir(mode=0o700, parents=True)
    except OSError as error:
        raise LabError(
            f"{folder} can't be made: {error.strerror}\nwhat to do: name a folder that does not exist with --keep"
        ) from None
    yield folder


@contextlib.contextmanager
def _scene(keep_in: str | None, say: Callable[[str], None]) -> Iterator[Scene]:
    """A lab of its own, which is down and gone when the block ends, however it ends."""
    lab = Lab(State(), say=lambda text: say(f"  {text}"))
    lab.refuse_if_running("drill")
    with _folder(keep_in) as folder:
        lab.up()
        try:
            yield Scene(lab.state, folder)
        finally:
            lab.down()


def _unattended(options: argparse.Namespace) -> int:
    wanted = chosen(options.faults or options.fault or "all")
    faults = "1 fault" if len(wanted) == 1 else f"{len(wanted)} faults, each"
    _say(f"{faults} made, diagnosed and undone in a lab of its own")
    with _scene(options.keep, _say) as scene:
        results = unattended.run(scene, wanted, _say)
    _say(f"\n{unattended.summary(results)}")
    return 0 if all(result.good for result in results) else 1


def _attended(options: argparse.Namespace, place: Path | None) -> int:
    fault, seed = pick(options.fault, options.seed)
    if place is None:
        raise LabError(NO_TERMINAL)
    with terminal.opened(place) as screen:

        def say(text: str) -> None:
            terminal.say(screen, text)

        say("A lab comes up: ten shop servers, two firewalls, two databases. This takes half a minute.")
        sessions: list[Session] = []
        try:
            with _scene(options.keep, say) as scene:
                drill(scene, fault, screen, say, sessions.append)
        finally:
            for session in sessions:
                _end(session, options, seed, say)
    return 0


def _end(session: Session, options: argparse.Namespace, seed: int | None, say: Callable[[str], None]) -> None:
    if session.outcome == LEFT:
        say(session.solution())
    score = _score(session, options, seed)
    again = f"; lab/drill {score.fault}, or --seed {seed}, is this one again" if seed is not None else ""
    hints = f"{score.hints} hint{'' if score.hints == 1 else 's'}"
    say(f"\n{score.outcome} after {minutes(session.seconds)}, {score.wrong} wrong, {hints}{again}")
    keep(score, score_file())
    say(f"kept in {score_file()}; lab/drill --scores shows all")


def _score(session: Session, options: argparse.Namespace, seed: int | None) -> Score:
    trainee = options.trainee or os.environ.get("SUDO_USER") or pwd.getpwuid(os.getuid()).pw_name
    now = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    return Score(
        now,
        trainee,
        session.fault.id,
        seed,
        session.outcome,
        round(session.seconds, 1),
        session.wrong,
        session.hints,
    )


def _list() -> int:
    for fault in faults():
        _say(f"{fault.id:4} {fault.name}{'  (an IOS router)' if fault.network == 'router' else ''}")
    return 0


def _scores() -> int:
    found, broken = scores(score_file())
    _say(table(found) if found else "no drill so far")
    if broken:
        _say(f"{broken} lines of {score_file()} can't be read and were left out")
    return 0


def _command(options: argparse.Namespace) -> int:
    if options.list:
        return _list()
    if options.scores:
        return _scores()
    if options.faults and not options.unattended:
        raise LabError("--faults is for --unattended\nwhat to do: name one fault alone: lab/drill 03a")
    caller = terminal.ansible() if options.of_ansible else None
    if caller:
        terminal.end_with(caller.process)
    if options.unattended:
        return _unattended(options)
    return _attended(options, caller.terminal if caller else terminal.of_us())


def main() -> int:
    options = _parser().parse_args()
    for number in lab_cli.STOPPING:
        signal.signal(number, lab_cli.interrupted)
    try:
        return _command(options)
    except LabError as error:
        print(f"lab/drill: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt as reason:
        with contextlib.suppress(OSError):
            print(f"lab/drill: stopped by {reason}; nothing is left running", file=sys.stderr)
        return 130
    finally:
        _close_quietly()


def _close_quietly() -> None:
    """What nobody can read any more, because the terminal was closed, is no error of the interpreter's end."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
