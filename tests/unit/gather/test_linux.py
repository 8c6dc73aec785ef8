# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The script for Linux: what it runs, what it takes for certainly absent, and what for unknown."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.errors import GatherError
from ansible_collections.pathguard.network.plugins.plugin_utils.gather import boot, frames, linux
from ansible_collections.pathguard.network.plugins.plugin_utils.gather.channel import Reply
from ansible_collections.pathguard.network.plugins.plugin_utils.model.raw import RawOutput

STUBS = 'pg_kernel() { [ "$kernel_has" = yes ]; }\npg_admin=$admin\n'


def run(
    tmp_path: Path,
    line: str,
    name: str = "x",
    *,
    admin: bool = True,
    kernel_has: bool = True,
    user: int | None = None,
) -> RawOutput:
    """One line of the script, with tools from a folder only, and the kernel and rights as given.

    ``user``: who runs it, if not the test's own.
    """
    made = frames.script(f"PATH={tmp_path}:/usr/bin:/bin\n{linux.FUNCTIONS}\n{STUBS}\n{line}")
    done = subprocess.run(
        ["/bin/sh"],
        input=made.text,
        capture_output=True,
        text=True,
        check=False,
        user=user,
        group=user,
        extra_groups=None if user is None else [],
        env={"admin": "1" if admin else "0", "kernel_has": "yes" if kernel_has else "no"},
    )
    return frames.outputs(made, {name: "command"}, done.stdout, done.stderr, "host")[name]


def tool(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(f"#!/bin/sh\n{text}\n")
    (tmp_path / name).chmod(0o755)


TOOL = "pg_tool x sometool 'sometool list' some_module some_symbol"


def test_a_tool_that_is_there(tmp_path: Path) -> None:
    tool(tmp_path, "sometool", 'echo "rules: $*"')
    assert run(tmp_path, TOOL) == RawOutput("x", "command", 0, "rules: list\n")


def test_a_tool_that_is_missing_while_the_kernel_has_rules_is_unknown(tmp_path: Path) -> None:
    found = run(tmp_path, TOOL, kernel_has=True)
    assert found.rc == 127
    assert not found.absent
    assert "sometool is not installed, but the kernel has some_module" in found.stderr


def test_a_tool_that_is_missing_with_its_kernel_part_is_absent(tmp_path: Path) -> None:
    assert "the kernel has no some_module" in run(tmp_path, TOOL, kernel_has=False).absent


def test_without_rights_the_tool_is_not_even_run(tmp_path: Path) -> None:
    tool(tmp_path, "sometool", f"touch {tmp_path}/was-run")
    found = run(tmp_path, TOOL, admin=False)
    assert found.rc == 1
    assert "Operation not permitted" in found.stderr
    assert not (tmp_path / "was-run").exists()


VERSION = 'if [ "$1" = -V ]; then echo "iptables-save v1.8.9 ({})"; else echo "save $*"; fi'


@pytest.mark.parametrize(
    ("tools", "chosen"),
    [
        ({"iptables-nft-save": "nf_tables", "iptables-save": "legacy"}, "iptables-nft-save"),
        ({"iptables-save": "nf_tables"}, "iptables-save"),
        ({"iptables-save": "legacy"}, "iptables-nft-save"),
        ({}, "iptables-nft-save"),
    ],
)
def test_the_nf_tables_variant_of_iptables_save(tmp_path: Path, tools: dict[str, str], chosen: str) -> None:
    for name, variant in tools.items():
        tool(tmp_path, name, VERSION.format(variant))
    hidden = "command() { case $2 in iptables*) [ -e " + str(tmp_path) + "/$2 ];; *) true;; esac; }"
    found = run(tmp_path, f"{hidden}\npg_run x 'pg_variant iptables'")
    assert found.stdout == f"{chosen}\n"


LEGACY = "pg_legacy x some {names}"


def test_legacy_tables_are_read_only_where_the_kernel_names_them(tmp_path: Path) -> None:
    tool(tmp_path, "some-legacy-save", VERSION.format("legacy"))
    names = tmp_path / "names"
    assert "there is no" in run(tmp_path, LEGACY.format(names=names)).absent
    names.write_text("")
    assert "names no table" in run(tmp_path, LEGACY.format(names=names)).absent
    names.write_text("nat\nfilter\n")
    assert run(tmp_path, LEGACY.format(names=names)).stdout == "save -c -t nat\nsave -c -t filter\n"


def test_legacy_tables_without_their_tool_are_unknown(tmp_path: Path) -> None:
    (tmp_path / "names").write_text("filter\n")
    found = run(tmp_path, LEGACY.format(names=tmp_path / "names"))
    assert (found.rc, found.absent) == (127, "")
    assert "the kernel has legacy tables: filter" in found.stderr


def test_legacy_table_that_cannot_be_read_fails_as_a_whole(tmp_path: Path) -> None:
    tool(tmp_path, "some-save", '[ "$3" = nat ] && exit 4; echo "save $*"')
    (tmp_path / "names").write_text("nat\nfilter\n")
    assert run(tmp_path, LEGACY.format(names=tmp_path / "names")).rc == 4


LIMITED = f"pg_admin=0; pg_by=root; {TOOL}"


def test_a_tool_that_sudo_alone_may_run(tmp_path: Path) -> None:
    tool(tmp_path, "sudo", 'echo "sudo $*"; cat')
    tool(tmp_path, "sometool", f"touch {tmp_path}/was-run")
    assert run(tmp_path, LIMITED).stdout == "sudo -n -u root -- sometool list\n", "it has no stdin"
    found = run(tmp_path, f"pg_secret='se same'; {LIMITED}")
    assert found.stdout == "sudo -k -S -p  -u root -- sometool list\nse same\n"
    assert not (tmp_path / "was-run").exists()


def test_a_password_is_never_an_argument_of_a_program(tmp_path: Path) -> None:
    tool(tmp_path, "sudo", "cat")
    foreign = "command() { if [ $2 = printf ]; then echo /usr/bin/printf; fi; }"
    found = run(tmp_path, f"{foreign}; pg_secret='se same'; {LIMITED}")
    assert (found.rc, found.stdout) == (126, "")
    assert "no printf of its own" in found.stderr


def test_a_tool_that_sudo_refuses_is_unknown(tmp_path: Path) -> None:
    tool(tmp_path, "sudo", 'echo "sudo: a password is required" >&2; exit 1')
    tool(tmp_path, "sometool", "echo rules")
    found = run(tmp_path, LIMITED)
    assert (found.rc, found.stdout) == (1, "")
    assert found.stderr == "sudo: a password is required\n(this was: sudo sometool list)\n"


NOBODY = 65534
NAMES = Path("/proc/net/ip_tables_names")
UNREAD = f"pg_legacy x iptables {NAMES}"
needs_names = pytest.mark.skipif(
    os.geteuid() != 0 or not NAMES.exists(),
    reason=f"needs root to give up, and a {NAMES} that is hidden then",
)


@needs_names
def test_legacy_tables_whose_names_only_root_may_read(tmp_path: Path) -> None:
    found = run(tmp_path, UNREAD, admin=False, user=NOBODY)
    assert (found.rc, found.absent) == (1, "")
    assert f"Operation not permitted: {NAMES} can be read by root only" in found.stderr


@needs_names
def test_a_kernel_without_the_modules_has_no_legacy_tables(tmp_path: Path) -> None:
    found = run(tmp_path, UNREAD, admin=False, kernel_has=False, user=NOBODY)
    assert found.absent == "the kernel has no module that makes legacy tables"


def test_legacy_tables_by_sudo(tmp_path: Path) -> None:
    """What sudo says beside is no table's name."""
    tool(tmp_path, "sudo", 'shift 4; echo "sudo: unable to resolve host" >&2; exec "$@"')
    tool(tmp_path, "some-legacy-save", VERSION.format("legacy"))
    (tmp_path / "names").write_text("nat\nfilter\n")
    line = f"pg_admin=0; pg_by=root; {LEGACY.format(names=tmp_path / 'names')}"
    assert run(tmp_path, line).stdout == "save -c -t nat\nsave -c -t filter\n"
    tool(tmp_path, "sudo", 'echo "sudo: a password is required" >&2; exit 1')
    found = run(tmp_path, line)
    assert (found.rc, found.stdout) == (1, "")
    assert found.stderr == f"sudo: a password is required\n(this was: sudo cat {tmp_path}/names)\n"


def test_saved_rules_come_from_where_the_distribution_keeps_them(tmp_path: Path) -> None:
    (tmp_path / "second").write_text("rules\n")
    assert run(tmp_path, f"pg_saved x {tmp_path}/first {tmp_path}/second").stdout == "rules\n"
    assert run(tmp_path, f"pg_saved x {tmp_path}/first").absent == f"there is no {tmp_path}/first"


def test_sysctls_as_the_tool_prints_them(tmp_path: Path) -> None:
    """A dot in an interface's name is a slash, so that names stay unambiguous (sysctl(8))."""
    for name, value in {"ip_forward": "1\n", "eth0.100": "0\n", "range": "32768\t60999\n"}.items():
        (tmp_path / name).write_text(value)
    found = run(
        tmp_path,
        f"pg_run x 'grep() {{ command grep \"$@\" | sed s,{tmp_path},/proc/sys/net,; }}; pg_sysctl {tmp_path}/*'",
    )
    assert "net.eth0/100 = 0\n" in found.stdout
    assert "net.ip_forward = 1\n" in found.stdout
    assert "net.range = 32768 60999\n" in found.stdout


class Local:
    """A channel to this machine, for reading only."""

    host = "here"

    def __init__(self, answer: Reply | None = None) -> None:
        self._answer = answer

    def run(
        self, command: str, *, stdin: str | None = None, become: bool = False, timeout: float | None = None
    ) -> Reply:
        if self._answer is not None:
            return self._answer
        done = subprocess.run(
            ["unshare", "-n", "sh", "-c", command], input=stdin, capture_output=True, text=True, check=False
        )
        return Reply(done.returncode, done.stdout, done.stderr)

    def close(self) -> None:
        pass


@pytest.mark.skipif(os.geteuid() != 0, reason="a network namespace of its own needs root")
def test_all_commands_in_one_round_trip() -> None:
    found = linux.collect(Local())
    assert sorted(found) == sorted(linux.COMMANDS)
    assert "hostname=" in found["os"].stdout
    assert found["links"].rc == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="a network namespace of its own needs root")
def test_what_boot_would_load_can_be_left_out() -> None:
    assert set(linux.COMMANDS) - set(linux.collect(Local(), with_boot=False)) == set(boot.COMMANDS)


def test_a_host_without_a_shell() -> None:
    with pytest.raises(GatherError, match="does not run shell scripts"):
        linux.collect(Local(Reply(127, "% Invalid input", "")))


def test_every_command_has_its_place_in_the_script() -> None:
    assert all(f" {name} " in linux.BODY for name in linux.COMMANDS)
    assert not any(f" {name} " in linux.RUNNING for name in boot.COMMANDS)
    assert set(linux.ALIASES.values()) | set(linux.ENDS) <= {*linux.COMMANDS, *linux.GIVEN}
    assert not linux.GIVEN.keys() & linux.COMMANDS.keys()
