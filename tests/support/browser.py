# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Headless Chromium in a network namespace of its own, driven by the DevTools protocol over a pair of pipes.

https://chromedevtools.github.io/devtools-protocol/: a message is JSON and a NUL byte. The browser reads commands on
file descriptor 3 and answers on 4 (``--remote-debugging-pipe``). There is nothing but a loopback that is down in its
namespace, so no packet of it can leave the machine, whatever a page asks for.
"""

from __future__ import annotations

import base64
import json
import os
import select
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

# How Debian, Ubuntu and others call it.
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-extensions",
    "--hide-scrollbars",
    "--remote-debugging-pipe",
)
# What a page may have done wrong; a jump within it by a script is none of it.
_ISSUES = ("ContentSecurityPolicyIssue", "MixedContentIssue", "QuirksModeIssue", "CookieIssue")
# Seconds that the browser may be silent for.
PATIENCE = 90.0


class BrowserError(AssertionError):
    """The browser refuses a command, or says nothing any more."""


def program() -> str | None:
    """The browser of this machine; None where there is none."""
    return next((found for name in NAMES if (found := shutil.which(name))), None)


class Browser:
    """One browser; ``page`` opens a page in it."""

    def __init__(self, path: str) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="pathguard-browser-", ignore_cleanup_errors=True)
        to_browser, self._write = os.pipe()
        self._read, from_browser = os.pipe()
        command = [path, *FLAGS, f"--user-data-dir={self._folder.name}", "about:blank"]
        # The shell puts the ends where the browser looks for them, and nothing else is handed down.
        move = f'exec 3<&{to_browser} 4>&{from_browser}; exec "$0" "$@"'
        namespace = ["unshare", "--net"] if os.geteuid() == 0 else ["unshare", "--map-root-user", "--net"]
        self._process = subprocess.Popen(
            [*namespace, "bash", "-c", move, *command],
            pass_fds=(to_browser, from_browser),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            env={**os.environ, "HOME": self._folder.name, "TZ": "UTC", "LANG": "C.UTF-8"},
        )
        os.close(to_browser)
        os.close(from_browser)
        self._held = b""
        self._number = 0
        self.listeners: list[Callable[[dict[str, Any]], None]] = []

    def __enter__(self) -> Browser:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._write)
        os.close(self._read)
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._folder.cleanup()

    def call(self, method: str, session: str | None = None, **parameters: Any) -> dict[str, Any]:
        """A command's answer; events that come before it go to the listeners."""
        self._number += 1
        number = self._number
        message: dict[str, Any] = {"id": number, "method": method, "params": parameters}
        if session is not None:
            message["sessionId"] = session
        self._send(message)
        while True:
            answer = self._next()
            if answer.get("id") == number:
                if "error" in answer:
                    raise BrowserError(f"{method}: {answer['error']}")
                found: dict[str, Any] = answer["result"]
                return found
            self._tell(answer)

    def wait_for(self, method: str, session: str) -> dict[str, Any]:
        """The parameters of the next event of this name."""
        while True:
            event = self._next()
            self._tell(event)
            if event.get("method") == method and event.get("sessionId") == session:
                found: dict[str, Any] = event["params"]
                return found

    def _send(self, message: dict[str, Any]) -> None:
        data = json.dumps(message).encode() + b"\0"
        while data:
            data = data[os.write(self._write, data) :]

    def _tell(self, event: dict[str, Any]) -> None:
        for listener in self.listeners:
            listener(event)

    def _next(self) -> dict[str, Any]:
        end = time.monotonic() + PATIENCE
        while b"\0" not in self._held:
            ready, _out, _bad = select.select([self._read], [], [], max(end - time.monotonic(), 0))
            more = os.read(self._read, 1 << 20) if ready else b""
            if not more:
                raise BrowserError("the browser has ended" if ready else f"nothing heard for {PATIENCE:g} s")
            self._held += more
        message, _nul, self._held = self._held.partition(b"\0")
        found: dict[str, Any] = json.loads(message)
        return found

    def page(
        self,
        file: Path,
        width: int = 1440,
        height: int = 900,
        media: Sequence[tuple[str, str]] = (),
        script: bool = True,
        kind: str = "",
    ) -> Page:
        """``media``: features such as ``("prefers-color-scheme", "dark")``. ``kind``: print, or empty for a screen."""
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        found = Page(self, session, target)
        found.open(file, width, height, media, script, kind)
        return found


class Page:
    """``requests``: every URL that the page asked for but its own. ``trouble``: what the console and the page's policy
    complained about."""

    def __init__(self, browser: Browser, session: str, target: str) -> None:
        self.browser, self.session, self.target = browser, session, target
        self.requests: list[str] = []
        self.trouble: list[str] = []

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        return self.browser.call(method, self.session, **parameters)

    def open(
        self,
        file: Path,
        width: int,
        height: int,
        media: Sequence[tuple[str, str]],
        script: bool,
        kind: str,
    ) -> None:
        own = file.resolve().as_uri()

        def listen(event: dict[str, Any]) -> None:
            if event.get("sessionId") != self.session:
                return
            params = event.get("params", {})
            if event["method"] == "Network.requestWillBeSent" and params["request"]["url"] != own:
                self.requests.append(params["request"]["url"])
            elif event["method"] == "Log.entryAdded":
                self.trouble.append(params["entry"]["text"])
            elif event["method"] == "Runtime.exceptionThrown":
                self.trouble.append(params["exceptionDetails"]["text"])
            elif event["method"] == "Runtime.consoleAPICalled":
                self.trouble.append(str(params["args"]))
            elif event["method"] == "Audits.issueAdded" and params["issue"]["code"] in _ISSUES:
                self.trouble.append(str(params["issue"]))

        self.browser.listeners.append(listen)
        for domain in ("Page", "Network", "Log", "Runtime", "Audits"):
            self.call(f"{domain}.enable")
        self.call("Performance.enable", timeDomain="threadTicks")
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=width < 600,
        )
        features = [{"name": name, "value": value} for name, value in media]
        self.call("Emulation.setEmulatedMedia", features=features, media=kind)
        self.call("Emulation.setScriptExecutionDisabled", value=not script)
        self.call("Page.navigate", url=own)
        self.browser.wait_for("Page.loadEventFired", self.session)

    def ask(self, expression: str) -> Any:
        """What an expression of JavaScript comes to, a promise awaited."""
        found = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in found:
            raise BrowserError(str(found["exceptionDetails"]))
        return found["result"].get("value")

    def seconds(self) -> float:
        """How long the page's own thread has worked, however busy the machine is with other things."""
        metrics = self.call("Performance.getMetrics")["metrics"]
        return float(next(metric["value"] for metric in metrics if metric["name"] == "TaskDuration"))

    def press(self, key: str, code: int = 0, text: str = "") -> None:
        """A key that goes down and up. ``code``: its virtual key code."""
        for kind in ("keyDown", "keyUp"):
            extra = {"text": text} if text and kind == "keyDown" else {}
            self.call(
                "Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=code, **extra
            )

    def write(self, text: str) -> None:
        self.call("Input.insertText", text=text)

    def screenshot(self, whole: bool = False) -> bytes:
        """PNG."""
        found = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        return base64.b64decode(found["data"])

    def pdf(self) -> bytes:
        found = self.call("Page.printToPDF", printBackground=False, preferCSSPageSize=True)
        return base64.b64decode(found["data"])

    def close(self) -> None:
        self.browser.call("Target.closeTarget", targetId=self.target)
