# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A monitor that runs in the lab, and a webhook on the controller that writes down what it gets and when."""

from __future__ import annotations

import asyncio
import json
import runpy
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.integration.guard_play import ENVIRONMENT, POLICY
from tests.integration.lab_fixture import INVENTORY, ROOT, Lab

SECRET = "s3cr3t-4711"
SOURCE = ROOT / "extensions" / "eda" / "plugins" / "event_source" / "rule_changes.py"
# Arguments: the file to write to; the port is its first line.
RECEIVER = """
import http.server, json, sys, time
file = open(sys.argv[1], "a", buffering=1)
class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        file.write(json.dumps({"at": time.time(), "url": self.path, "notice": body}) + "\\n")
        self.send_response(200)
        self.end_headers()
    def log_message(self, *arguments):
        pass
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
file.write(str(server.server_port) + "\\n")
server.serve_forever()
"""
PATIENCE = 90.0


@dataclass
class Monitored:
    """``folder``: where the monitor runs. ``port``: of the webhook."""

    lab: Lab
    folder: Path
    port: int = 0
    processes: list[subprocess.Popen[str]] = field(default_factory=list)

    @property
    def log(self) -> Path:
        return self.folder / "notices.jsonl"

    @property
    def state_dir(self) -> Path:
        return self.folder / "pathguard" / "monitor"

    def start(self, **variables: Any) -> subprocess.Popen[str]:
        given = {
            "path_monitor_policy": str(POLICY),
            "path_monitor_state_dir": str(self.state_dir),
            **variables,
        }
        process = self.lab.start_in_controller(
            ["ansible-playbook", "-i", str(INVENTORY), "pathguard.network.monitor", "-e", json.dumps(given)],
            env={**ENVIRONMENT, "PATHGUARD_WEBHOOK_URL": f"http://127.0.0.1:{self.port}/{SECRET}"},
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        self.processes.append(process)
        return process

    def run(self, **variables: Any) -> tuple[int, str]:
        process = self.start(**variables)
        output, _errors = process.communicate(timeout=PATIENCE)
        return process.returncode, output

    def entries(self) -> list[dict[str, Any]]:
        lines = self.log.read_text().splitlines()[1:]
        return [json.loads(line) for line in lines]

    def notices(self) -> list[dict[str, Any]]:
        return [entry["notice"] for entry in self.entries()]

    def rounds(self) -> int:
        try:
            return int(json.loads((self.state_dir / "state.json").read_text())["rounds"])
        except FileNotFoundError:
            return 0

    def wait(self, what: str, found: Callable[[], Any], seconds: float = PATIENCE) -> Any:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            value = found()
            if value:
                return value
            for process in self.processes:
                if process.poll() not in (None, 0, -9) and process.stdout is not None:
                    raise AssertionError(f"the monitor has ended: {process.stdout.read()}")
            time.sleep(0.05)
        raise AssertionError(f"{what}: not within {seconds:.0f} s; {self.notices()[-3:]}")

    def wait_for_notice(self, event: str, path: str, after: int, seconds: float = PATIENCE) -> dict[str, Any]:
        """The first such notice behind so many, with its time of arrival."""

        def found() -> dict[str, Any] | None:
            return next(
                (
                    entry
                    for entry in self.entries()[after:]
                    if entry["notice"]["event"] == event and entry["notice"]["path"] == path
                ),
                None,
            )

        entry: dict[str, Any] = self.wait(f"{event} of {path}", found, seconds)
        return entry


@contextmanager
def monitored(lab: Lab, folder: Path) -> Iterator[Monitored]:
    made = Monitored(lab, folder)
    receiver = lab.start_in_controller([sys.executable, "-c", RECEIVER, str(made.log)])
    try:
        made.wait("the webhook's port", lambda: made.log.exists() and made.log.read_text().endswith("\n"), 20)
        made.port = int(made.log.read_text().splitlines()[0])
        yield made
    finally:
        for process in (*made.processes, receiver):
            if process.poll() is None:
                process.kill()
            process.communicate()


class Ears:
    """The event source, in a thread with a loop of its own. ``events``: what it has put into the queue."""

    def __init__(self, arguments: dict[str, Any]) -> None:
        self.events: list[dict[str, Any]] = []
        self._arguments = arguments
        self._loop = asyncio.new_event_loop()
        self._task: asyncio.Task[Any] | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)

    async def put(self, event: dict[str, Any]) -> None:
        self.events.append(event)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._task = self._loop.create_task(runpy.run_path(str(SOURCE))["main"](self, self._arguments))
        self._loop.run_until_complete(asyncio.gather(self._task, return_exceptions=True))
        self._loop.run_until_complete(asyncio.sleep(0.1))
        self._loop.close()

    def __enter__(self) -> Ears:
        self._thread.start()
        return self

    def __exit__(self, *_arguments: object) -> None:
        if self._task is not None:
            self._loop.call_soon_threadsafe(self._task.cancel)
        self._thread.join(10)


def sequence(notices: Sequence[dict[str, Any]]) -> dict[str, list[tuple[str, str]]]:
    """Path -> its notices in order, as event and what is so now."""
    found: dict[str, list[tuple[str, str]]] = {}
    for notice in notices:
        found.setdefault(notice["path"], []).append((notice["event"], json.dumps(notice["now"])))
    return found
