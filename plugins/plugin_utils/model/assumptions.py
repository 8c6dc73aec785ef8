# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a path may assume of conditions that no state decides (``match.Unknown``).

A parser that makes such a condition names the assumption and what the condition then is:
``Unknown(key, reason, RATE_LIMITS_NOT_EXCEEDED, False)`` is false for a path that declares the assumption, and
unknown for all others. A new assumption is an entry here, in the policy's schema, and what parsers say of it.
"""

from __future__ import annotations

RATE_LIMITS_NOT_EXCEEDED = "rate_limits_not_exceeded"
APPLICATIONS_IDENTIFIED = "applications_identified"

# Name -> what it means, for people.
SETTLING = {
    RATE_LIMITS_NOT_EXCEEDED: "no packet of the path exceeds a rate limit: what rules do to packets up to a rate is "
    "done to it, and what they do beyond the rate is not",
    APPLICATIONS_IDENTIFIED: "a connection to a standard port of an application is of that application, as a firewall "
    "that identifies applications will find, and of no other that has its own ports",
}
