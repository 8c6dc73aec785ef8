# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The commands behind ``lab/up``, ``lab/down`` and ``lab/shell``."""

from __future__ import annotations

import argparse
import os
import signal
import sys

from . import topology
from .errors import LabError
from .lab import Lab
from .process import CONTROLLER_ENVIRONMENT, HOST_ENVIRONMENT, inside
from .state import State, command
from .upkeep import Upkeep


def _say(text: str) -> None:
    print(text, flush=True)


def _up(options: argparse.Namespace) -> int:
    lab = Lab(say=_say)
    lab.up(ecmp=options.ecmp)
    _say(f"the lab is up; {command('shell HOST')} goes inside, {command('down')} ends it")
    return 0


def _down(_options: argparse.Namespace) -> int:
    lab = Lab(say=_say)
    _say("the lab is down" if lab.down() else "no lab is running")
    return 0


def _reboot(options: argparse.Namespace) -> int:
    Upkeep().reboot(options.host)
    _say(f"{options.host} has restarted")
    return 0


def _reset(_options: argparse.Namespace) -> int:
    changed = Upkeep().reset()
    _say(f"made anew: {', '.join(changed)}" if changed else "every host is as it was")
    return 0


def _shell(options: argparse.Namespace) -> int:
    """Becomes the command: its exit status is ours."""
    record = State().running()
    if options.host not in record.inits or options.host == topology.WIRE:
        raise LabError(
            f"no host {options.host} in the lab\n"
            f"what to do: name one of {topology.CONTROLLER}, {', '.join(topology.HOSTS)}"
        )
    controller = options.host == topology.CONTROLLER
    environment = {**HOST_ENVIRONMENT, "TERM": os.environ.get("TERM", "dumb")}
    if controller:
        environment = {**CONTROLLER_ENVIRONMENT, **os.environ}
    words = options.command or ["bash"]
    if words[0] == "--":
        words = words[1:] or ["bash"]
    if controller:  # setns(2) into a mount namespace moves the working directory to its root
        words = ["env", "--chdir", os.getcwd(), *words]
    arguments = inside(record.inits[options.host].pid, words, own_root=not controller)
    os.execvpe(arguments[0], arguments, environment)


STOPPING = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)
COMMANDS = {"up": _up, "down": _down, "reboot": _reboot, "reset": _reset, "shell": _shell}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="lab", description="A network of namespaces to try PathGuard on.")
    commands = parser.add_subparsers(dest="name", required=True)
    up = commands.add_parser("up", prog="lab/up", help="start the lab")
    up.add_argument("--ecmp", action="store_true", help="route over both firewalls, both ways")
    commands.add_parser("down", prog="lab/down", help="end the lab; nothing is left")
    reboot = commands.add_parser("reboot", prog="lab/reboot", help="restart one host")
    reboot.add_argument("host", help="fw1, fw2, db1, db2, app01 ... app10")
    commands.add_parser(
        "reset", prog="lab/reset", help="make every host anew that has changed since the start"
    )
    shell = commands.add_parser("shell", prog="lab/shell", help="a shell or a command on a host")
    shell.add_argument("host", help="ctl, fw1, fw2, db1, db2, app01 ... app10")
    shell.add_argument("command", nargs=argparse.REMAINDER, help="-- and a command; without it, a shell")
    return parser


def interrupted(number: int, _frame: object) -> None:
    for other in STOPPING:  # once is enough: what comes next is cleaning up
        signal.signal(other, signal.SIG_IGN)
    raise KeyboardInterrupt(signal.Signals(number).name)


def main() -> int:
    options = _parser().parse_args()
    for number in STOPPING:
        signal.signal(number, interrupted)
    try:
        return COMMANDS[options.name](options)
    except LabError as error:
        print(f"lab/{options.name}: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt as reason:
        print(f"lab/{options.name}: stopped by {reason}; nothing is left running", file=sys.stderr)
        return 130
