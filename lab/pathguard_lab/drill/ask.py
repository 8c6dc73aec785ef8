# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One of the trainee's commands: ``ask.py SOCKET COMMAND [WORD...]``. An answer without words is asked for."""

from __future__ import annotations

import json
import socket
import sys

QUESTIONS = ("which host? ", "which rule, or what else is it? ")


def main() -> int:
    path, *words = sys.argv[1:]
    try:
        if words == ["answer"] and sys.stdin.isatty():
            words += [input(question) for question in QUESTIONS]
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(path)
            connection.sendall(json.dumps(words).encode() + b"\n")
            with connection.makefile("r", encoding="utf-8") as said:
                print(said.read())
    except (KeyboardInterrupt, EOFError):
        print("\nno answer was given; the clock goes on")
        return 1
    except OSError as error:
        print(f"the drill does not answer: {error.strerror}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
