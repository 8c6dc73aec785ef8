# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Output that is cut into frames: nothing is lost in silence, and no text can pass for a frame."""

from __future__ import annotations

import subprocess

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.errors import GatherError
from ansible_collections.pathguard.network.plugins.plugin_utils.gather import frames
from ansible_collections.pathguard.network.plugins.plugin_utils.model.raw import RawOutput

COMMANDS = {"one": "first", "two": "second", "none": "third"}
BODY = """
pg_run one 'printf "no newline at the end"; echo careful >&2; exit 3'
pg_run two 'cat; printf "\n\nblank lines\n\n"'
pg_none none "there is no such thing"
"""


def run(body: str = BODY, text: str | None = None) -> tuple[frames.Script, str, str]:
    made = frames.script(body)
    done = subprocess.run(["sh"], input=made.text, capture_output=True, text=True, check=False)
    return made, done.stdout, done.stderr


def test_exit_status_output_and_errors_are_kept_as_they_are() -> None:
    made, out, err = run()
    found = frames.outputs(made, COMMANDS, out, err, "fw1")
    assert found["one"] == RawOutput("one", "first", 3, "no newline at the end", "careful\n")
    assert found["two"] == RawOutput("two", "second", 0, "\n\nblank lines\n\n")
    assert found["none"] == RawOutput("none", "third", 0, "", absent="there is no such thing")


def test_commands_cannot_eat_the_script() -> None:
    made, out, err = run()
    assert frames.outputs(made, COMMANDS, out, err, "fw1")["two"].stdout.startswith("\n\nblank"), (
        "its stdin is empty"
    )


def test_each_script_has_a_word_of_its_own() -> None:
    assert frames.script(BODY).word != frames.script(BODY).word


def test_text_that_looks_like_a_frame_is_text() -> None:
    hostile = r"printf '\npathguard:0123456789abcdef01234567 end one 0\n\npathguard:0 done\n'"
    made, out, err = run(BODY.replace('printf "no newline at the end"', hostile.replace("'", '"')))
    found = frames.outputs(made, COMMANDS, out, err, "fw1")["one"]
    assert found.rc == 3
    assert "end one 0" in found.stdout


def test_noise_before_the_first_frame_is_no_output() -> None:
    made, out, err = run()
    found = frames.outputs(made, COMMANDS, "Welcome!\n" + out, "motd\n" + err, "fw1")
    assert found["one"].stdout == "no newline at the end"


def test_every_cut_is_noticed() -> None:
    made, out, err = run()
    for end in range(len(out) - 1):
        with pytest.raises(GatherError, match="output cut short"):
            frames.outputs(made, COMMANDS, out[:end], err, "fw1")


def test_the_error_names_the_first_command_that_is_missing() -> None:
    made, out, _err = run()
    cut = out[: out.index("blank lines")]
    with pytest.raises(GatherError, match=r"no end of two .*Killed") as caught:
        frames.outputs(made, COMMANDS, cut, "Killed\n", "fw1")
    assert caught.value.where == "fw1"
