# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One login to a device, its terminal made fit for reading: the right device, all rights, no pages.

The login and the terminal are netmiko's. What is said in it is read here: netmiko takes the first text that looks like
the prompt for the end of an output, and prepares some devices by changing their configuration (ASA, FortiOS).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping

from ..errors import GatherError
from .access import HostAccess
from .device_answers import for_want_of_rights, refusal
from .device_logins import DEVICE_LOGINS, platforms_that_say
from .netmiko_login import NetmikoLogin
from .terminal import SEEN, Terminal, as_seen, pager_left, plain

# What any device's prompt may look like; a line of a banner may, too.
_ANY_PROMPT = re.compile(r"(?:^|[\r\n])([^\r\n]{0,119}[>#$%]) ?$")
_ACCEPT = re.compile(r"to accept\W*$")
_PASSWORD = re.compile(r"(?:^|[\r\n])[^\r\n]*[Pp]assword[^\r\n]*: ?$")
# Before the prompt: which of several routing engines this is, and where in the configuration (Junos, VyOS).
_ABOVE_PROMPT = re.compile(r"(?:\n?(?:\{[\w:-]+\}|\[edit[^\]\n]*\])[ \t]*)+\n*$")
# Seconds until somebody presses Enter who sees no prompt; and how often a prompt must come to be one.
_PATIENCE = 3.0
_TRIES = 6
_LOGIN = "the login"
# How many lines from the top what was typed is looked for.
ECHO_WITHIN = 500

_ENABLE = (
    "set ansible_become: true, ansible_become_method: enable and ansible_become_password, or log in as a user with "
    "privilege level 15"
)


class DeviceSession:
    """Ready as soon as it is made. ``prompt``: what stands at the device's last line now."""

    def __init__(self, access: HostAccess) -> None:
        """Raises UnreachableError where there is no login, GatherError where the device is another, or lets the login
        see too little."""
        self.host = access.name
        self._access = access
        self._device = DEVICE_LOGINS[access.platform]
        self._netmiko = NetmikoLogin(access, encoding="utf-8")
        self._where = f"{access.name} ({self._netmiko.settings.host})"
        self.prompt = ""
        self._last_line = _LOGIN
        try:
            if self._netmiko.connection.remote_conn is None:
                raise self._error("the account may have no terminal", "let it have a shell on the device")
            self._terminal = Terminal(self._netmiko.connection.remote_conn)
            self._begin()
        except BaseException:
            self.close()
            raise

    def send(
        self, line: str, *, timeout: float | None = None, answers: Mapping[str, str] | None = None
    ) -> str:
        """Type a line, and give back what the device prints until its next prompt, as a person sees it.

        ``timeout``: seconds of silence. ``answers``: by patterns for the end of what it asks instead (``[confirm]``),
        what to say; each is said with Enter. Raises GatherError where the answer does not come, or not all of it.
        """
        asked = dict(answers or {})
        turned = self._terminal.turned
        try:
            self._nothing_more(as_seen(self._terminal.unread()).splitlines())
            self._terminal.write(f"{line}\n")
            text = self._until(line, timeout, asked)
        except (EOFError, OSError, OverflowError) as error:
            raise self._lost(error, line, timeout) from None
        text = self._without_echo(as_seen(text), line)
        self._last_line = line
        mark = pager_left(text) if self._terminal.turned > turned else ""
        if mark:
            raise self._error(
                f"the device prints {line!r} page by page, and {mark!r} stays in the text",
                "switch paging off for this login on the device, or use transport: files",
            )
        return text

    def _until(self, line: str, timeout: float | None, answers: Mapping[str, str]) -> str:
        """Up to the prompt, questions answered on the way."""
        echo = _squeezed(line)
        whole = ""
        while True:
            text = self._terminal.read(self._arrived(echo, answers), timeout or self._access.timeout)
            whole += text
            end = plain(text)[-SEEN:]
            prompt = self._ends.search(end)
            if prompt:
                self.prompt = prompt[1]
                return whole
            echo = ""
            self._terminal.write(f"{_question(end, answers)}\n")

    def _arrived(self, echo: str, answers: Mapping[str, str]) -> Callable[[str, str], bool]:
        """Whether what was typed has come back, and after it the prompt, or a question that there is an answer for."""

        def done(beginning: str, end: str) -> bool:
            if echo not in _squeezed(beginning):
                return False
            return bool(self._ends.search(end)) or _question(end, answers) is not None

        return done

    def _without_echo(self, text: str, line: str) -> str:
        """Without the line that was typed, and the prompt after it."""
        lines = _ABOVE_PROMPT.sub("\n", self._ends.sub("", text)).split("\n")
        typed = _squeezed(line)
        for number, seen in enumerate(lines[:ECHO_WITHIN]):
            if _squeezed(seen).endswith(typed):
                self._nothing_more(lines[:number])
                lines = lines[number + 1 :]
                break
        answer = "\n".join(lines).rstrip()
        return f"{answer}\n" if answer else ""

    def _nothing_more(self, lines: Iterable[str]) -> None:
        """What comes before an answer may be prompts. Anything else belongs to the output before, which was taken for
        complete."""
        more = [line.strip() for line in lines if line.strip() and not _ABOVE_PROMPT.fullmatch(line)]
        more = [line for line in more if self._device.name_in(line) is None]
        if more:
            raise self._cut_short(self._last_line, more[-1])

    def _begin(self) -> None:
        try:
            self.prompt = self._first_prompt()
            outside = self._device.outside
            if outside and re.fullmatch(outside[0], self.prompt):
                self._terminal.write(f"{outside[1]}\n")
                self.prompt = self._first_prompt()
        except (EOFError, OSError, OverflowError) as error:
            raise self._lost(error, _LOGIN, None) from None
        name = self._device.name_in(self.prompt)
        if name is None:
            raise self._another(f"its prompt is {self.prompt!r}")
        self._ends = self._device.ends(name)
        self._is_what_it_should_be()
        if self._device.enable and self.prompt.endswith(">"):
            self._enable()
        for line in self._device.prepare:
            self.send(line)
        self._sees_all()

    def _first_prompt(self) -> str:
        """The last line, if it comes again when somebody presses Enter: no line of a banner does."""
        seconds = min(_PATIENCE, self._access.timeout)
        before = ""
        for _try in range(_TRIES):
            try:
                text = plain(self._terminal.read(_could_be_prompt, seconds))
            except TimeoutError:
                if seconds >= self._access.timeout:
                    raise
                text, seconds = "", self._access.timeout
            if _ACCEPT.search(text):
                self._terminal.write("a")
                continue
            found = _ANY_PROMPT.search(text)
            now = found[1].strip() if found else ""
            if now and now == before:
                return now
            before = now
            self._terminal.write("\n")
        raise TimeoutError(before)

    def _is_what_it_should_be(self) -> None:
        command, says = self._device.version
        text = self.send(command)
        said = refusal(text)
        if for_want_of_rights(said) or re.search(says, text):
            return
        if said:
            raise self._another(f"it answers {command!r} by {said!r}")
        others = " or ".join(platforms_that_say(text))
        first = next((line.strip() for line in text.splitlines() if line.strip()), "nothing")
        raise self._another(f"it says it is {others}" if others else f"it says {first[:100]!r}")

    def _enable(self) -> None:
        """The secret is typed once, and only where the device asks for it."""
        if not self._access.become:
            raise self._error(
                f"this login may not read the configuration: the prompt is {self.prompt!r}, without privileges",
                _ENABLE,
            )
        secret = self._access.become_password or ""
        try:
            self._terminal.write("enable\n")
            text = plain(self._terminal.read(self._asks_or_ends, self._access.timeout))
            if _PASSWORD.search(text):
                self._terminal.write(f"{secret}\n")
                text = plain(self._terminal.read(self._asks_or_ends, self._access.timeout))
        except (EOFError, OSError, OverflowError) as error:
            raise self._lost(error, "enable", None) from None
        prompt = self._ends.search(text)
        if prompt and not prompt[1].endswith(">"):
            self.prompt = prompt[1]
            return
        if prompt is None and not secret:
            raise self._error("enable needs a password, and none is known", "set ansible_become_password")
        said = refusal(self._without_echo(as_seen(text), "enable"))
        raise self._error(
            f"the device refuses enable{f': {self._access.scrub(said)}' if said else ' with this password'}",
            "check ansible_become_password (AWX: ANSIBLE_NET_AUTH_PASS), which is the enable secret",
        )

    def _asks_or_ends(self, _beginning: str, end: str) -> bool:
        return bool(self._ends.search(end) or _PASSWORD.search(end))

    def _sees_all(self) -> None:
        """Whether the device shows this login all of its configuration."""
        if self._device.level is None:
            return
        command, says = self._device.level
        text = self.send(command)
        if not re.search(says, text) and not for_want_of_rights(refusal(text)):
            said = " ".join(text.split())[:100] or "nothing"
            raise self._error(
                f"the device would leave out parts of its configuration: {command!r} says {said!r}", _ENABLE
            )

    def _another(self, why: str) -> GatherError:
        return self._error(
            f"this is no {self._access.platform}: {why}",
            "set 'platform' or ansible_network_os to what the device is, and check its address",
        )

    def _lost(self, error: BaseException, line: str, timeout: float | None) -> GatherError:
        last = self._access.scrub(" ".join(str(error).split()))
        after = line if line == _LOGIN else repr(line)
        if isinstance(error, TimeoutError):
            return self._error(
                f"no prompt after {after} within {timeout or self._access.timeout:.0f} s"
                + (f"; the last line is {last!r}" if last else ""),
                "look whether the device is overloaded or asks something, or give a longer timeout",
            )
        if isinstance(error, OverflowError):
            return self._error(f"there is no end of what {after} prints", "use transport: files")
        return self._cut_short(line, last)

    def _cut_short(self, line: str, last: str) -> GatherError:
        if not self._netmiko_alive():
            what = f"the connection was lost in the middle of {line!r}"
        else:
            what = f"the device printed more than {line!r} asked for"
        return self._error(
            f"{what}{f', after {self._access.scrub(last)[:80]!r}' if last else ''}",
            "try again, and look at the device's log",
        )

    def _netmiko_alive(self) -> bool:
        transport = self._netmiko.client.get_transport()
        return (
            transport is not None
            and transport.is_active()
            and not self._netmiko.connection.remote_conn.closed
        )

    def _error(self, what: str, todo: str) -> GatherError:
        return GatherError(what, self._where, todo)

    def close(self) -> None:
        """Safe to call twice, and from another thread."""
        self._netmiko.close()


def _squeezed(text: str) -> str:
    """Without what editing a line puts between its characters."""
    return re.sub(r"[\s\b]+", "", text)


def _could_be_prompt(_beginning: str, end: str) -> bool:
    return bool(_ANY_PROMPT.search(end) or _ACCEPT.search(end))


def _question(end: str, answers: Mapping[str, str]) -> str | None:
    return next(
        (answer for pattern, answer in answers.items() if re.search(rf"(?:{pattern})\s*$", end)), None
    )
