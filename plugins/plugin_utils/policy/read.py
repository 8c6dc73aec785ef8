# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A policy's document -> ``Policy``; every mistake is told before anything is gathered."""

from __future__ import annotations

import datetime
import ipaddress
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path as FilePath
from typing import Any

from ..errors import PolicyError
from ..model import text
from ..model.fields import PROTOCOLS_WITH_PORTS
from .complain import json_path, naming, unknown_name
from .keywords import asks_for_configuration, check_keywords, check_names
from .paths import (
    ALL_PORTS,
    ASSUMPTIONS,
    CLIENT_PORTS,
    FORBIDDEN,
    KEYWORDS,
    REQUIRED,
    AddressRange,
    Boundary,
    Endpoint,
    Path,
    Policy,
    Siblings,
    Waiver,
)
from .schemas import load_schema, problems
from .services import Service, must_be_closed, read_ports, read_services
from .source import read_source

_PATH_KEYS = tuple(load_schema("path-policy")["$defs"]["path"]["properties"])
_ENDPOINT_KEYS = tuple(load_schema("path-policy")["$defs"]["endpoint"]["properties"])
# Labels of letters, digits and dashes (RFC 1123), and underscores, which some use all the same.
_HOST_NAME = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(\.[A-Za-z0-9_-]{1,63})*\.?")
_LONGEST_NAME = 254
_SELECTORS = ("group", "host", "hosts", "prefix", "prefixes", "addresses", "any", "dns")
_BOUNDARY_KEYS = ("host", "interface")
_SEVERITIES = ("info", "low", "medium", "high", "critical")
_FAMILIES = {"ipv4": 4, "ipv6": 6}


def load_policy(source: str | FilePath | Mapping[str, Any], folder: FilePath | None = None) -> Policy:
    """Read a policy: a mapping, YAML or JSON text, or a file (relative to ``folder``).

    PolicyError, with the JSON path, for anything that is malformed, unknown or asks for nothing.
    """
    document, name = read_source(source, folder)
    with naming(name):
        return _policy(document, name)


def _policy(document: Any, name: str) -> Policy:
    if not isinstance(document, Mapping) or not document:
        what = "the policy is empty" if not document else "the policy is not a mapping"
        raise PolicyError(what, name, "write requiredPaths, forbiddenPaths or a JSON Schema's keywords")
    schema = dict(document)
    check_keywords(schema)
    check_names(schema)
    families = _families(schema["families"], "$.families") if "families" in schema else ()
    paths: list[Path] = []
    for kind in (REQUIRED, FORBIDDEN):
        paths += _paths(schema, kind, families)
    configuration = asks_for_configuration(schema)
    siblings, boundaries = _siblings(schema), _boundaries(schema)
    if not paths and not siblings and not configuration:
        raise PolicyError(
            "the policy asks for nothing",
            "$",
            "write requiredPaths, forbiddenPaths or a JSON Schema's keywords",
        )
    _no_duplicates(paths)
    # The readers above tell mistakes better than a meta-schema can; it is the contract, and has the last word.
    for where, message in problems(schema, load_schema("path-policy")):
        raise PolicyError(f"the policy does not fit its schema: {message}", where, "correct the policy")
    title = _note(schema, "title", "$")
    return Policy(name, title, tuple(paths), boundaries, siblings, configuration, schema)


def _paths(schema: Mapping[str, Any], kind: str, families: tuple[int, ...]) -> list[Path]:
    keyword = KEYWORDS[kind]
    if keyword not in schema:
        return []
    listed = schema[keyword]
    if not isinstance(listed, list) or not listed:
        raise PolicyError(
            f"{keyword} must be a list of paths that is not empty",
            f"$.{keyword}",
            "list a path, or leave it out",
        )
    return [_path(item, kind, f"$.{keyword}[{index}]", families) for index, item in enumerate(listed)]


def _path(item: Any, kind: str, where: str, families: tuple[int, ...]) -> Path:
    _mapping(item, where, "a path", _PATH_KEYS, ("name", "from", "to", "service"))
    services = read_services(item["service"], f"{where}.service")
    if kind == REQUIRED:
        must_be_closed(services, f"{where}.service")
    ports = CLIENT_PORTS if kind == REQUIRED else ALL_PORTS
    return Path(
        name=_text(item["name"], f"{where}.name"),
        kind=kind,
        source=_endpoint(item["from"], f"{where}.from"),
        destination=_endpoint(item["to"], f"{where}.to", kind),
        services=services,
        where=where,
        families=_families(item["families"], f"{where}.families") if "families" in item else families,
        source_ports=read_ports(item["source_ports"], f"{where}.source_ports")
        if "source_ports" in item
        else ports,
        via=_via(item["via"], kind, f"{where}.via") if "via" in item else (),
        severity=_severity(item["severity"], f"{where}.severity") if "severity" in item else "high",
        owner=_note(item, "owner", where),
        ticket=_note(item, "ticket", where),
        description=_note(item, "description", where),
        assume=_assume(item["assume"], f"{where}.assume") if "assume" in item else (),
        waiver=_waiver(item["waiver"], f"{where}.waiver") if "waiver" in item else None,
        too_big=_too_big(item["too_big"], kind, services, f"{where}.too_big") if "too_big" in item else False,
        persistent=_persistent(item["persistent"], f"{where}.persistent") if "persistent" in item else False,
        standby=_standby(item["standby"], kind, f"{where}.standby") if "standby" in item else False,
    )


def _mapping(value: Any, where: str, what: str, known: Sequence[str], needed: Iterable[str] = ()) -> None:
    if not isinstance(value, Mapping):
        raise PolicyError(
            f"{what} must be a mapping, and this is {value!r}", where, f"its keys are {', '.join(known)}"
        )
    for key in value:
        if key not in known:
            raise unknown_name(f"key of {what}", key, known, where + json_path([key])[1:])
    for key in needed:
        if key not in value:
            raise PolicyError(f"{what} has no {key!r}", where, f"add {key}")


def _text(value: Any, where: str, what: str = "a name") -> str:
    if not isinstance(value, str) or not value.strip():
        raise PolicyError(
            f"{value!r} is not {what}", where, _HOW.get(type(value), "write a text that is not empty")
        )
    return value


# What is no text -> what to do. YAML 1.1 has several words for true and false.
_HOW = {
    bool: "put it in quotes: YAML reads yes, no, on and off as true and false",
    int: "put it in quotes",
    float: "put it in quotes",
    str: "write a text that is not empty",
    list: "write one text, and no list",
}


def _note(item: Mapping[str, Any], key: str, where: str) -> str:
    """A text that may be empty."""
    value = item.get(key, "")
    return value if value == "" else _text(value, f"{where}.{key}", "a text")


def _texts(value: Any, where: str) -> list[str]:
    if isinstance(value, str) and value.strip():
        raise PolicyError(f"this must be a list, and it is {value!r}", where, f"write [{value}]")
    if not isinstance(value, list) or not value:
        raise PolicyError("this must be a list of names that is not empty", where, "list at least one")
    found = [_text(item, f"{where}[{index}]") for index, item in enumerate(value)]
    if len(set(found)) != len(found):
        raise PolicyError("a name stands twice in this list", where, "remove one of the two")
    return found


def _families(value: Any, where: str) -> tuple[int, ...]:
    names = _texts(value, where)
    for index, name in enumerate(names):
        if name not in _FAMILIES:
            raise unknown_name("family", name, list(_FAMILIES), f"{where}[{index}]")
    return tuple(sorted(_FAMILIES[name] for name in names))


def _via(value: Any, kind: str, where: str) -> tuple[str, ...]:
    names = tuple(_texts(value, where))
    if kind != REQUIRED:
        raise PolicyError(
            "via asks nothing of a forbidden path, which must be closed by every way",
            where,
            "leave it out, or forbid the path beside a required one",
        )
    return names


def _severity(value: Any, where: str) -> str:
    if value not in _SEVERITIES:
        raise unknown_name("severity", value, _SEVERITIES, where)
    return str(value)


def _assume(value: Any, where: str) -> tuple[str, ...]:
    names = _texts(value, where)
    for index, name in enumerate(names):
        if name not in ASSUMPTIONS:
            raise unknown_name("assumption", name, list(ASSUMPTIONS), f"{where}[{index}]")
    return tuple(names)


def _too_big(value: Any, kind: str, services: Sequence[Service], where: str) -> bool:
    if kind != REQUIRED:
        raise PolicyError("too_big asks nothing of a forbidden path", where, "leave it out")
    if not any(service.protocol in (None, *PROTOCOLS_WITH_PORTS) for service in services):
        raise PolicyError("too_big asks nothing of services without ports", where, "leave it out")
    if value != "required":
        raise PolicyError(
            f"too_big is {value!r}", where, "write too_big: required, or leave it out to have it told only"
        )
    return True


def _persistent(value: Any, where: str) -> bool:
    if value != "required":
        raise PolicyError(
            f"persistent is {value!r}",
            where,
            "write persistent: required, or leave it out to have it told only",
        )
    return True


def _standby(value: Any, kind: str, where: str) -> bool:
    if kind != REQUIRED:
        raise PolicyError("standby says nothing of a forbidden path", where, "leave it out")
    if value is not True:
        raise PolicyError(f"standby is {value!r}", where, "write standby: true, or leave it out")
    return True


def _waiver(value: Any, where: str) -> Waiver:
    _mapping(value, where, "a waiver", ("reason", "expires", "approved_by"), ("reason", "expires"))
    expires = value["expires"]
    try:
        day = datetime.date.fromisoformat(expires)
        if day.isoformat() != expires:
            raise ValueError
    except (TypeError, ValueError) as error:
        raise PolicyError(
            f"{expires!r} is not a date", f"{where}.expires", "write year-month-day, such as 2026-12-31"
        ) from error
    return Waiver(_text(value["reason"], f"{where}.reason"), day, _note(value, "approved_by", where))


def _endpoint(value: Any, where: str, kind: str = "") -> Endpoint:
    _mapping(value, where, "an endpoint", _ENDPOINT_KEYS)
    selectors = [key for key in _SELECTORS if key in value]
    hosts = [key for key in selectors if key in ("group", "host", "hosts")]
    if not selectors or len(selectors) > (2 if hosts and "addresses" in selectors else 1):
        said = "none" if not selectors else " and ".join(selectors)
        raise PolicyError(
            f"an endpoint needs one of {', '.join(_SELECTORS)}; it has {said}",
            where,
            "choose one; addresses may stand beside group, host or hosts",
        )
    excepted = _excepted(value, where)
    if hosts:
        key = hosts[0]
        names = (
            _texts(value[key], f"{where}.{key}") if key == "hosts" else [_text(value[key], f"{where}.{key}")]
        )
        return Endpoint(
            "hosts",
            where,
            group=names[0] if key == "group" else "",
            hosts=() if key == "group" else tuple(names),
            addresses=_addresses(value, "addresses", where) if "addresses" in value else (),
            excepted=excepted,
        )
    key = selectors[0]
    if key == "any":
        if value["any"] is not True:
            raise PolicyError(
                f"any is {value['any']!r}", f"{where}.any", "write any: true, or name an endpoint"
            )
        return Endpoint("any", where, excepted=excepted)
    if key == "dns":
        names = _dns(value["dns"], f"{where}.dns")
        return Endpoint("dns", where, names=tuple(names), excepted=excepted)
    return Endpoint("addresses", where, addresses=_addresses(value, key, where), excepted=excepted)


def _dns(value: Any, where: str) -> list[str]:
    names = _texts(value if isinstance(value, list) else [value], where)
    for index, name in enumerate(names):
        if len(name) > _LONGEST_NAME or not _HOST_NAME.fullmatch(name):
            raise PolicyError(
                f"{name!r} is no name that DNS or hosts files can have",
                f"{where}[{index}]" if isinstance(value, list) else where,
                "write a name such as db.example, or addresses: [...]",
            )
    return names


def _excepted(value: Mapping[str, Any], where: str) -> tuple[Endpoint, ...]:
    if "except" not in value:
        return ()
    listed = value["except"]
    if not isinstance(listed, list):
        return (_endpoint(listed, f"{where}.except"),)
    if not listed:
        raise PolicyError("except is an empty list", f"{where}.except", "name an endpoint, or leave it out")
    return tuple(_endpoint(item, f"{where}.except[{index}]") for index, item in enumerate(listed))


def _addresses(value: Mapping[str, Any], key: str, where: str) -> tuple[AddressRange, ...]:
    at = f"{where}.{key}"
    if key == "prefix":
        return (_address(_text(value[key], at, "a prefix"), at, prefix=True),)
    names = _texts(value[key], at)
    return tuple(
        _address(name, f"{at}[{index}]", prefix=key == "prefixes") for index, name in enumerate(names)
    )


def _address(value: str, where: str, prefix: bool) -> AddressRange:
    try:
        family, low, high = text.address_range(value.strip())
    except ValueError as error:
        if "has host bits set" in str(error):
            raise PolicyError(
                f"the prefix {value!r} has host bits set",
                where,
                f"did you mean {ipaddress.ip_network(value.strip(), strict=False)}?",
            ) from error
        todo = "write a prefix such as 10.1.2.0/24" if prefix else "write an address, a prefix or first-last"
        more = ", which must ascend within one family" if "ascending range" in str(error) else ""
        raise PolicyError(
            f"{value!r} is not {'a prefix' if prefix else 'an address'}{more}", where, todo
        ) from error
    return AddressRange(family, low, high, value.strip())


def _siblings(schema: Mapping[str, Any]) -> tuple[Siblings, ...]:
    listed = schema.get("siblings", ())
    if "siblings" in schema and (not isinstance(listed, list) or not listed):
        raise PolicyError(
            "siblings must be a list that is not empty",
            "$.siblings",
            "list {hosts: [fw1, fw2]}, or leave it out",
        )
    return tuple(_sibling(item, f"$.siblings[{index}]") for index, item in enumerate(listed))


def _sibling(item: Any, where: str) -> Siblings:
    _mapping(item, where, "an entry of siblings", ("name", "group", "hosts"))
    if ("group" in item) == ("hosts" in item):
        said = "both" if "group" in item else "none"
        raise PolicyError(f"siblings need a group or hosts, and it has {said}", where, "choose one")
    hosts = _texts(item["hosts"], f"{where}.hosts") if "hosts" in item else []
    if "hosts" in item and len(hosts) < 2:
        raise PolicyError("one host alone has no sibling", f"{where}.hosts", "name two hosts at least")
    return Siblings(
        where,
        name=_text(item["name"], f"{where}.name") if "name" in item else "",
        group=_text(item["group"], f"{where}.group") if "group" in item else "",
        hosts=tuple(hosts),
    )


def _boundaries(schema: Mapping[str, Any]) -> tuple[Boundary, ...]:
    listed = schema.get("boundaries", ())
    if "boundaries" in schema and (not isinstance(listed, list) or not listed):
        raise PolicyError(
            "boundaries must be a list that is not empty",
            "$.boundaries",
            "list {host: fw1, interface: wan0}, or leave it out",
        )
    found = []
    for index, item in enumerate(listed):
        where = f"$.boundaries[{index}]"
        _mapping(item, where, "a boundary", _BOUNDARY_KEYS, _BOUNDARY_KEYS)
        found.append(Boundary(*(_text(item[key], f"{where}.{key}") for key in _BOUNDARY_KEYS)))
    return tuple(found)


def _no_duplicates(paths: list[Path]) -> None:
    seen: dict[str, str] = {}
    for path in paths:
        if path.name in seen:
            raise PolicyError(
                f"two paths have the name {path.name!r}",
                f"{path.where}.name",
                f"rename it, or the one at {seen[path.name]}",
            )
        seen[path.name] = path.where
