# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ``lab`` fixture: the namespaces lab, brought up once a session, for all integration tests.

While you write tests, ``PATHGUARD_TEST_LAB=FOLDER`` uses the lab that ``XDG_STATE_HOME=FOLDER ./lab/up``
has started, and leaves it running.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from lab.pathguard_lab import topology
from lab.pathguard_lab.lab import Lab as Machinery
from lab.pathguard_lab.process import CONTROLLER_ENVIRONMENT, HOST_ENVIRONMENT, Identity, inside
from lab.pathguard_lab.services import app_status, await_apps
from lab.pathguard_lab.state import State
from lab.pathguard_lab.upkeep import Upkeep

ROOT = Path(__file__).resolve().parent.parent.parent
INVENTORY = ROOT / "lab" / "inventory"
Done = subprocess.CompletedProcess[str]
QUERY = """
import json, sys, psycopg2
with open("/etc/pathguard-app/app.json") as file:
    config = json.load(file)
connection = psycopg2.connect(host=sys.argv[1], dbname=config["database"], user=config["user"],
                              password=config["password"], connect_timeout=2, tcp_user_timeout=4000)
cursor = connection.cursor()
cursor.execute("SELECT count(*) FROM orders")
print(cursor.fetchone()[0])
"""


class Lab:
    """A running lab, as tests use it."""

    def __init__(self, xdg_state_home: Path) -> None:
        self.xdg_state_home = xdg_state_home
        self.state_dir = xdg_state_home / "pathguard-lab"
        self._state = State(self.state_dir)
        self._upkeep = Upkeep(self._state)
        # Whether nobody has asked for a host since the last reset, and whether that left pools to be filled again.
        self._untouched = False
        self._pools_pending = False

    @property
    def ssh(self) -> Path:
        """The folder with ``ops`` (login key), ``known_hosts``, ``config``, ``opspw.password``."""
        return self.state_dir / "ssh"

    @property
    def app_hosts(self) -> tuple[str, ...]:
        return topology.APP_HOSTS

    def init(self, host: str) -> Identity:
        """Process 1 of a host, as the machine sees it."""
        self._untouched = False
        return self._state.running().inits[host]

    def run(
        self,
        host: str,
        command: str | Sequence[str],
        *,
        user: str = "root",
        stdin: str = "",
        timeout: float = 60.0,
        check: bool = False,
    ) -> Done:
        """Run a shell command (a string) or an argument list on a host, without ssh."""
        arguments = ["bash", "-c", command] if isinstance(command, str) else list(command)
        environment = dict(HOST_ENVIRONMENT)
        if user != "root":
            arguments = ["setpriv", "--reuid", user, "--regid", user, "--init-groups", *arguments]
            environment |= {"HOME": f"/home/{user}", "USER": user}
        done = subprocess.run(
            inside(self.init(host).pid, ["setsid", "--wait", *arguments]),
            env=environment,
            input=stdin,
            text=True,
            capture_output=True,
            timeout=timeout,
            check=False,
        )
        if check and done.returncode != 0:
            raise AssertionError(
                f"{host}: {shlex.join(arguments)}: {done.returncode}\n{done.stdout}{done.stderr}"
            )
        return done

    def start_in_controller(
        self,
        command: Sequence[str],
        *,
        env: Mapping[str, str] | None = None,
        venv: str | Path | None = None,
        cwd: str | Path = ROOT,
        **options: Any,
    ) -> subprocess.Popen[str]:
        """Start a command on the controller; ``options`` go to Popen. Killing the process that is returned
        kills the command itself with SIGKILL (not what the command has started)."""
        arguments = inside(
            self.init(topology.CONTROLLER).pid, ["env", "--chdir", str(cwd), *command], own_root=False
        )
        return subprocess.Popen(arguments, env=self._environment(env, venv), text=True, **options)

    def in_controller(
        self,
        command: Sequence[str],
        *,
        env: Mapping[str, str] | None = None,
        venv: str | Path | None = None,
        cwd: str | Path = ROOT,
        stdin: str = "",
        timeout: float = 300.0,
    ) -> Done:
        """Run a command on the controller: this machine's files, the lab's network."""
        process = self.start_in_controller(
            command,
            env=env,
            venv=venv,
            cwd=cwd,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        try:
            output, errors = process.communicate(stdin, timeout=timeout)
        except subprocess.TimeoutExpired as late:
            process.kill()
            output, errors = process.communicate()
            raise AssertionError(
                f"{shlex.join(command)}: no end after {timeout} s\n{output}{errors}"
            ) from late
        return subprocess.CompletedProcess(command, process.returncode, output, errors)

    def ansible(
        self,
        *arguments: str | Path,
        program: str = "ansible-playbook",
        env: Mapping[str, str] | None = None,
        venv: str | Path | None = None,
        cwd: str | Path = ROOT,
        stdin: str = "",
        timeout: float = 300.0,
    ) -> Done:
        """Run ansible-playbook (or another of Ansible's programs) on the controller, with the lab's inventory
        unless the arguments name one. ``venv`` is the environment to use, by default the tests' own."""
        words = [str(argument) for argument in arguments]
        inventory = [] if "-i" in words else ["-i", str(INVENTORY)]
        command = [program, *inventory, *words]
        return self.in_controller(command, env=env, venv=venv, cwd=cwd, stdin=stdin, timeout=timeout)

    def _environment(self, env: Mapping[str, str] | None, venv: str | Path | None) -> dict[str, str]:
        prefix = str(venv or sys.prefix)
        base = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
        return (
            base
            | CONTROLLER_ENVIRONMENT
            | {
                "PATH": f"{prefix}/bin:{os.environ['PATH']}",
                "VIRTUAL_ENV": prefix,
                "XDG_STATE_HOME": str(self.xdg_state_home),
                "ANSIBLE_NOCOLOR": "1",
                "ANSIBLE_DEPRECATION_WARNINGS": "0",
            }
            | dict(env or {})
        )

    def reset(self, await_pools: bool = True) -> list[str]:
        """Put the lab back to how it was when new, fast; the names of the hosts that had to be made anew.
        Ends whatever runs on the controller. ``await_pools``: as for Upkeep."""
        changed = [] if self._untouched else self._upkeep.reset(await_pools)
        if await_pools and self._pools_pending and not changed:
            self.wait_for_apps()
        self._untouched = True
        self._pools_pending = not await_pools and (self._pools_pending or bool(changed))
        return changed

    def reboot(self, host: str) -> None:
        """Restart a host: processes, /run, /tmp, rules in memory and connections are lost, its disk is not;
        new boot id."""
        self._untouched = False
        self._upkeep.reboot(host)

    def route(self, *, ecmp: bool) -> None:
        """Route over both firewalls, or over fw1 alone; ``reset`` goes back to fw1 alone."""
        self._untouched = False
        self._upkeep.route(ecmp)

    def app(self, host: str) -> dict[str, Any]:
        """The application's own view (``status.json``) on an app host."""
        status = app_status(self.init(host))
        assert status is not None, f"the application on {host} writes no status"
        return status

    def wait_for_apps(self, *hosts: str) -> None:
        """Wait until the applications (by default all) have full pools and make new connections again."""
        await_apps(self._state.running().inits, hosts or topology.APP_HOSTS)

    def query(self, host: str, database: str = "db1", family: int = 4) -> Done:
        """A new, authenticated connection from an app host to a database over IPv4 or IPv6, and one query
        whose answer is 500; libpq gives up after two seconds."""
        segment, number = topology.HOSTS[database].legs()[0]
        address = segment.address6(number) if family == 6 else segment.address4(number)
        return self.run(host, ["/usr/bin/python3", "-c", QUERY, str(address)])

    def write(self, host: str, path: str, text: str) -> None:
        """Write a file on a host, as root."""
        self.run(host, f"cat > {shlex.quote(path)}", stdin=text, check=True)


@pytest.fixture(scope="session")
def lab() -> Iterator[Lab]:
    """The lab, up. Tests that change it call ``lab.reset()`` or ask for ``fresh_lab`` instead."""
    if os.geteuid() != 0:
        pytest.skip("the lab needs root")
    reused = os.environ.get("PATHGUARD_TEST_LAB")
    if reused:
        yield Lab(Path(reused))
        return
    with tempfile.TemporaryDirectory(prefix="pathguard-lab-") as folder:
        machinery = Machinery(State(Path(folder) / "pathguard-lab"), say=lambda _text: None)
        machinery.up()
        try:
            yield Lab(Path(folder))
        finally:
            machinery.down()


@pytest.fixture
def fresh_lab(lab: Lab) -> Iterator[Lab]:
    """The lab as it was when new, and made so again after the test."""
    lab.reset()
    yield lab
    lab.reset()


@pytest.fixture
def ruled_lab(lab: Lab) -> Iterator[Lab]:
    """The same, for tests of rules: nobody waits until the applications have their connections again, which
    ``wait_for_apps`` does where it matters."""
    lab.reset(await_pools=False)
    yield lab
    lab.reset(await_pools=False)
