# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A notice by mail: SMTP (RFC 5321), over TLS unless that is given up by name."""

from __future__ import annotations

import contextlib
import smtplib
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import formatdate

from ..errors import MonitorError
from .outbox import NotDeliveredError, Notice
from .wording import subject, text

STARTTLS, TLS, NONE = "starttls", "tls", "none"
SECURITY = {STARTTLS: 587, TLS: 465, NONE: 25}


@dataclass(frozen=True)
class Mail:
    """``security``: one of SECURITY, which has the port where none is given. ``timeout``: seconds for each answer."""

    host: str
    sender: str
    to: Sequence[str]
    security: str = STARTTLS
    port: int = 0
    user: str = ""
    password: str = field(default="", repr=False)
    timeout: float = 5.0
    name: str = "mail"

    def send(self, notice: Notice) -> str:
        """Who was refused, where others were not: their mail is on its way, and another try would bring it twice."""
        message = EmailMessage()
        message["From"] = self.sender
        message["To"] = ", ".join(self.to)
        message["Subject"] = subject(notice)
        message["Date"] = formatdate(localtime=False)
        # The same for each try, so that what comes twice can be told.
        message["Message-ID"] = f"<{notice['id']}@pathguard.invalid>"
        message["Auto-Submitted"] = "auto-generated"  # RFC 3834: nobody's absence answers
        message.set_content(text(notice))
        connection = None
        try:
            connection = self._connection()
            try:
                refused = connection.send_message(message)
            finally:  # what happens to the farewell says nothing about the mail
                with contextlib.suppress(OSError, smtplib.SMTPException):
                    connection.quit()
        except (smtplib.SMTPServerDisconnected, TimeoutError) as error:
            # Before there was a connection, no mail was sent, and it may be tried without end.
            raise NotDeliveredError(
                f"the mail server gave no answer ({type(error).__name__})", maybe=connection is not None
            ) from None
        except ssl.SSLCertVerificationError as error:
            raise NotDeliveredError(
                f"the mail server's certificate is not trusted ({error.verify_message})"
            ) from None
        except smtplib.SMTPResponseException as error:
            raise NotDeliveredError(f"the mail server answers {error.smtp_code}") from None
        except smtplib.SMTPRecipientsRefused as error:
            raise NotDeliveredError(_refused(error.recipients)) from None
        except smtplib.SMTPException as error:
            raise NotDeliveredError(f"the mail server refuses it ({type(error).__name__})") from None
        except OSError as error:
            why = error.strerror or type(error).__name__
            raise NotDeliveredError(f"there is no connection to the mail server: {why}") from None
        return _refused(refused)

    def _connection(self) -> smtplib.SMTP:
        port, context = self.port or SECURITY[self.security], ssl.create_default_context()
        if self.security == TLS:
            found: smtplib.SMTP = smtplib.SMTP_SSL(self.host, port, timeout=self.timeout, context=context)
        else:
            found = smtplib.SMTP(self.host, port, timeout=self.timeout)
        try:
            if self.security == STARTTLS:
                found.starttls(context=context)
            if self.user:
                found.login(self.user, self.password)
        except (smtplib.SMTPException, OSError):
            found.close()
            raise
        return found


def _refused(answers: Mapping[str, tuple[int, bytes]]) -> str:
    """``answers``: address -> (SMTP's code, text)."""
    named = [f"{address} ({code})" for address, (code, _text) in sorted(answers.items())]
    return f"the mail server refuses {', '.join(named)}" if named else ""


def mail(
    host: str,
    sender: str,
    to: Sequence[str],
    security: str,
    port: int,
    user: str,
    password: str,
    timeout: float,
) -> Mail:
    """Raises MonitorError."""
    if not to or not sender:
        raise MonitorError(
            "a mail needs a sender and somebody to go to",
            "path_monitor_mail",
            "write it as {host: mail.example.com, from: guard@example.com, to: [ops@example.com]}",
        )
    if security not in SECURITY:
        raise MonitorError(
            f"{security!r} is no way to a mail server",
            "security in path_monitor_mail",
            f"one of: {', '.join(SECURITY)}",
        )
    if user and security == NONE:
        raise MonitorError(
            "the password would be sent in the clear",
            "security in path_monitor_mail",
            f"use {STARTTLS} or {TLS}",
        )
    for address in (sender, *to):
        try:
            Address(addr_spec=address)
        except (MessageError, ValueError, IndexError):
            raise MonitorError(
                f"{address!r} is no mail address", "path_monitor_mail", "write it as name@example.com"
            ) from None
    return Mail(host, sender, list(to), security, port, user, password, timeout)
