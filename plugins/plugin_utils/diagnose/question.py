# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is asked: "these hosts can't reach that service", or a policy, made into a policy of required paths."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ..errors import GuardError, PolicyError
from ..gather.probe import HOST_NAME
from ..policy.complain import unknown_name
from ..policy.inventory import known_hosts
from ..policy.paths import Policy
from ..policy.read import load_policy
from ..policy.services import must_be_closed, read_services

FROM, TO, SERVICE = "path_diagnose_from", "path_diagnose_to", "path_diagnose_service"
POLICY, PATHS = "path_diagnose_policy", "path_diagnose_paths"
_INLINE = "the question"


@dataclass(frozen=True)
class Question:
    """``policy``: with the paths in question alone. ``label``: short, for people. ``names``: DNS names by which the
    sources may know the destination. ``login``: ``{user, database}``, or empty."""

    policy: Policy
    label: str
    names: tuple[str, ...] = ()
    login: Mapping[str, str] | None = None


def read_question(
    options: Mapping[str, Any], groups: Mapping[str, Sequence[str]], hosts: Sequence[str], folder: Path
) -> Question:
    """``options``: ``from``, ``to``, ``service``, ``policy``, ``paths``, ``names``, ``login``, None where not given.

    Raises GuardError where too little or too much is given, PolicyError for what does not exist.
    """
    ends = {FROM: options["from"], TO: options["to"], SERVICE: options["service"]}
    given = [name for name, value in ends.items() if value]
    if options["policy"]:
        if given:
            raise GuardError(
                "a policy says from where to where; the question says it once more",
                given[0],
                f"give {POLICY} (and {PATHS}), or {FROM}, {TO} and {SERVICE}",
            )
        policy = _of_policy(options["policy"], options["paths"], folder)
    elif len(given) < len(ends):
        missing = [name for name in ends if name not in given]
        raise GuardError(
            "it is not known what can't reach what",
            ", ".join(missing),
            f"give {FROM}, {TO} and {SERVICE}, such as app, db_primary and postgresql; or {POLICY}",
        )
    elif options["paths"]:
        raise GuardError(f"{PATHS} names paths of a policy", PATHS, f"leave it out, or give {POLICY}")
    else:
        policy = _of_ends(ends, groups, known_hosts(groups, hosts))
    names = [name for path in policy.paths if path.required for name in path.destination.names]
    return Question(
        policy,
        _label(policy),
        tuple(dict.fromkeys([*names, *_names(options["names"])])),
        _login(options["login"]),
    )


def _of_policy(source: Any, paths: Sequence[str] | None, folder: Path) -> Policy:
    """All its paths, or those that are named: what must be open and is not, and what must not be and is."""
    policy = load_policy(source, folder)
    known = [path.name for path in policy.paths]
    for index, name in enumerate(paths or ()):
        if name not in known:
            raise unknown_name("path", name, known, f"{PATHS}[{index}]")
    wanted = [path for path in policy.paths if not paths or path.name in paths]
    if not wanted:
        raise GuardError(
            "the policy has no path, so nothing in it can be broken by being cut off",
            policy.name,
            f"add requiredPaths, or give {FROM}, {TO} and {SERVICE}",
        )
    return replace(policy, paths=tuple(wanted), configuration=False)


def _of_ends(ends: Mapping[str, Any], groups: Mapping[str, Sequence[str]], hosts: Sequence[str]) -> Policy:
    service = _service(ends[SERVICE])
    must_be_closed(read_services(service, SERVICE), SERVICE)
    source, destination = _words(ends[FROM]), _words(ends[TO])
    name = f"{', '.join(source)} to {', '.join(destination)}, {_service_text(service)}"
    path = {
        "name": name,
        "from": _end(source, FROM, groups, hosts, names=False),
        "to": _end(destination, TO, groups, hosts, names=True),
        "service": service,
    }
    return replace(load_policy({"title": name, "requiredPaths": [path]}), name=_INLINE)


def _service(value: Any) -> Any:
    """What came from a command line is a text: ``5432``, ``6432/tcp``, ``postgresql,ssh``."""
    if not isinstance(value, str):
        return value
    items = [int(word) if word.isdigit() else word for word in _words(value)]
    return items[0] if len(items) == 1 else items


def _service_text(service: Any) -> str:
    items = service if isinstance(service, list) else [service]
    return ", ".join(
        " ".join(str(part) for part in (item.get("protocol", ""), item.get("ports", "")) if part)
        if isinstance(item, Mapping)
        else str(item)
        for item in items
    )


def _words(value: Any) -> list[str]:
    """A list, or words with commas, colons of host patterns or blanks between them; an IPv6 address has colons."""
    if isinstance(value, (list, tuple)):
        return [str(item).strip() for item in value]
    return [word for word in str(value).replace(",", " ").split() if word]


def _end(
    words: Sequence[str], where: str, groups: Mapping[str, Sequence[str]], hosts: Sequence[str], names: bool
) -> dict[str, Any]:
    """The policy's endpoint for a group, hosts, addresses, or (with ``names``) DNS names."""
    if len(words) == 1 and words[0] in groups:
        return {"group": words[0]}
    members = [host for word in words for host in groups.get(word, [word] if word in hosts else [])]
    if all(word in groups or word in hosts for word in words):
        return {"hosts": list(dict.fromkeys(members))}
    if all(_is_address(word) for word in words):
        return {"addresses": list(words)}
    strange = [word for word in words if word not in groups and word not in hosts and not _is_address(word)]
    if names and strange == list(words) and all("." in word and HOST_NAME.fullmatch(word) for word in words):
        return {"dns": list(words)}
    if not strange:
        raise PolicyError("hosts and addresses are mixed", where, "give names of the inventory, or addresses")
    raise unknown_name("host or group", strange[0], [*groups, *hosts], where)


def _is_address(word: str) -> bool:
    try:
        ipaddress.ip_network(word, strict=False)
    except ValueError:
        return False
    return True


def _names(value: Any) -> list[str]:
    found = _words(value) if value else []
    for name in found:
        if not HOST_NAME.fullmatch(name):
            raise GuardError(f"{name!r} is no host name", "path_diagnose_names", "such as db.example.com")
    return found


def _login(value: Any) -> Mapping[str, str] | None:
    if not value:
        return None
    if not isinstance(value, Mapping) or set(value) != {"user", "database"}:
        raise GuardError(
            "a login is a user and a database; no password is used, and none is taken",
            "path_diagnose_login",
            "write {user: shop, database: shop}",
        )
    return {key: str(item) for key, item in value.items()}


def _label(policy: Policy) -> str:
    if policy.name == _INLINE:
        return policy.title
    found = policy.title or policy.name
    asked = [path for path in policy.paths if path.required] or policy.paths
    return f"{found} ({len(asked)} paths)" if len(asked) > 1 else asked[0].name
