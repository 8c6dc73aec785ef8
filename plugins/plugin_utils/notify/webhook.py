# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A notice posted to a URL. The URL is a secret: who knows it can post there. Nothing here tells more than its host."""

from __future__ import annotations

import contextlib
import http.client
import json
import ssl
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from email.message import Message
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

from ..errors import MonitorError
from .outbox import LONGEST_WAIT, NotDeliveredError, Notice
from .shapes import SHAPES

SCHEMES = ("https", "http")
AGENT = "pathguard-monitor"
# Of an answer, for the connection's sake; nothing in it is needed.
ANSWER = 1024


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """The notice is for the one that was named, and so is what stands in its URL."""

    def redirect_request(self, *_arguments: Any, **_more: Any) -> None:
        return None


@dataclass(frozen=True)
class Webhook:
    """``shape``: one of SHAPES. ``timeout``: seconds for connecting, and for each wait for an answer. ``token``: of a
    receiver that wants one, as its Bearer (RFC 6750)."""

    url: str = field(repr=False)
    shape: str = "generic"
    timeout: float = 5.0
    name: str = ""
    token: str = field(default="", repr=False)

    def send(self, notice: Notice) -> None:
        body = json.dumps(SHAPES[self.shape](notice), ensure_ascii=False).encode("utf-8", "replace")
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "User-Agent": AGENT,
            "Idempotency-Key": str(notice["id"]),
        }
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        request = urllib.request.Request(self.url, body, headers, method="POST")  # noqa: S310 - checked when made
        opener = urllib.request.build_opener(
            _NoRedirects, urllib.request.HTTPSHandler(context=ssl.create_default_context())
        )
        try:
            # A good status is the answer; what follows it, or does not, takes nothing back.
            with opener.open(request, timeout=self.timeout) as answer, _whatever_follows():
                answer.read(ANSWER)
        except urllib.error.HTTPError as error:
            with error:
                raise _refused(error) from None
        except urllib.error.URLError as error:  # nothing was sent, or not all of it
            raise NotDeliveredError(f"there is no connection to it: {_reason(error.reason)}") from None
        except (OSError, http.client.HTTPException) as error:
            why = "it gave no answer in time" if isinstance(error, TimeoutError) else _reason(error)
            raise NotDeliveredError(f"it took the notice, and {why}", maybe=True) from None


def webhook(
    url: str,
    shape: str,
    timeout: float,
    number: int,
    token: str = "",
    where: str = "path_monitor_webhook_url",
) -> Webhook:
    """``number``: which of several it is, from 1. ``where``: what it was given by. Raises MonitorError, which does not
    hold the URL."""
    where = f"{where}, number {number}" if number > 1 else where
    try:
        parts = urlsplit(url)
        good = parts.scheme in SCHEMES and bool(parts.hostname) and parts.port != 0 and url.isprintable()
    except ValueError:
        good = False
    if not good or " " in url:
        raise MonitorError("this is no URL of a webhook", where, "give one that begins with https://")
    if shape not in SHAPES:
        raise MonitorError(f"{shape!r} is no shape of a webhook", where, f"one of: {', '.join(SHAPES)}")
    if not token.isprintable():
        raise MonitorError(
            "the webhook's token holds what no header can", where, "look for a line's end in it"
        )
    return Webhook(url, shape, timeout, f"webhook {number} ({shape})", token)


def _whatever_follows() -> contextlib.AbstractContextManager[None]:
    return contextlib.suppress(OSError, http.client.HTTPException)


def _refused(error: urllib.error.HTTPError) -> NotDeliveredError:
    if 300 <= error.code < 400:
        return NotDeliveredError(
            f"it answers {error.code}, which sends the notice elsewhere: redirects are not followed"
        )
    return NotDeliveredError(
        f"it answers {error.code} {error.reason or ''}".strip(), wait=_wait(error.headers)
    )


def _wait(headers: Message) -> float:
    """Retry-After (RFC 9110, 10.2.3) in seconds; 0 where it says nothing that can be used."""
    said = headers.get("Retry-After") or ""
    if said.isdigit():
        return min(float(said), LONGEST_WAIT)
    try:
        when = parsedate_to_datetime(said)
        now = parsedate_to_datetime(headers.get("Date") or "")
        return max(0.0, (when - now).total_seconds())
    except (ValueError, TypeError):
        return 0.0


def _reason(error: object) -> str:
    """Without what may hold a URL."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted ({error.verify_message})"
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, OSError):
        return error.strerror or type(error).__name__
    return type(error).__name__
