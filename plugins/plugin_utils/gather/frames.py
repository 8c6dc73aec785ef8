# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many commands in one round trip: a shell script whose output is cut into frames.

Each command's stdout and stderr stand between marks on the stream that they came by. The marks hold a random
word, so nothing that a device prints can look like one; and as each frame has an end, output that was cut
short is noticed.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass

from ..errors import GatherError
from ..model.raw import RawOutput

# pg_run NAME COMMAND: the command in a subshell of its own, which can't eat the script from stdin.
# pg_none NAME EVIDENCE: there is certainly nothing to read.
PREAMBLE = r"""
LC_ALL=C; export LC_ALL
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin; export PATH
pg_mark() { printf '\n%s %s\n' "$pg_word" "$*"; printf '\n%s %s\n' "$pg_word" "$*" >&2; }
pg_run() { pg_mark begin "$1"; (eval "$2") </dev/null; pg_mark end "$1" "$?"; }
pg_fail() { pg_mark begin "$1"; echo "$3" >&2; pg_mark end "$1" "$2"; }
pg_none() { pg_mark none "$@"; }
"""


@dataclass(frozen=True)
class Script:
    """A script and the word that its marks hold."""

    text: str
    word: str


def script(body: str) -> Script:
    word = f"pathguard:{secrets.token_hex(12)}"
    return Script(f"pg_word={word}\n{PREAMBLE}\n{body}\npg_mark done\n", word)


def outputs(
    made: Script, commands: Mapping[str, str], stdout: str, stderr: str, where: str
) -> dict[str, RawOutput]:
    """The frames as outputs by command name. Raises GatherError if any part is missing."""
    found, complete = _frames(made.word, stdout)
    errors, _unused = _frames(made.word, stderr)
    missing = [name for name in commands if name not in found]
    if missing or not complete:
        last = (missing or ["the last command"])[0]
        lines = [line for line in stderr.splitlines()[-2:] if line and made.word not in line]
        raise GatherError(
            f"output cut short: no end of {last} {' / '.join(lines)}",
            where,
            "try again with a longer timeout; look whether the host kills processes or has no memory left",
        )
    return {
        name: RawOutput(
            name,
            commands[name],
            frame.rc,
            frame.text,
            errors[name].text if name in errors else "",
            frame.evidence,
        )
        for name, frame in found.items()
        if name in commands
    }


# What the shell writes for an exit status.
_STATUS = re.compile(r"[0-9]{1,3}")


@dataclass(frozen=True)
class _Frame:
    rc: int
    text: str
    evidence: str = ""


def _frames(word: str, stream: str) -> tuple[dict[str, _Frame], bool]:
    """The complete frames of one stream, and whether the script came to its end."""
    found: dict[str, _Frame] = {}
    complete = False
    opened: tuple[str, int] | None = None
    position = 0
    mark = f"\n{word} "
    # The first mark may be the stream's very first line.
    stream = f"\n{stream}" if stream.startswith(word) else stream
    while (at := stream.find(mark, position)) >= 0:
        end = stream.find("\n", at + 1)
        if end < 0:
            break
        kind, _unused, rest = stream[at + len(mark) : end].partition(" ")
        name, _unused, rest = rest.partition(" ")
        if kind == "begin":
            opened = (name, end + 1)
        elif kind == "end" and opened is not None and opened[0] == name and _STATUS.fullmatch(rest):
            found[name] = _Frame(int(rest), stream[opened[1] : at])
            opened = None
        elif kind == "none":
            found[name] = _Frame(0, "", rest)
        elif kind == "done":
            complete = True
        position = end
    return found, complete
