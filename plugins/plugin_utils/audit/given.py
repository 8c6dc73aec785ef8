# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The policies that are asked for, read before any host is. What is wrong with several of them is told at once."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from ..errors import AuditError, PathGuardError, PolicyError
from ..home import expanded
from ..policy.complain import naming
from ..policy.inventory import check_against_inventory
from ..policy.paths import Policy
from ..policy.read import load_policy

SUFFIXES = (".yml", ".yaml", ".json")
INLINE = "policy"
OPTION = "path_audit_policies"
# Policies that are told with their reasons: with the line above and the one below them, half a screen.
MOST_TOLD = 18
_LINE = 200
# What is left of a template of which nothing was set, such as "{{ one }},{{ other }}".
_NO_NAME = ", \t\r\n"


@dataclass(frozen=True)
class Given:
    """``file``: as it was given, or the file's path below the folder that was given."""

    file: str
    policy: Policy


class PoliciesError(PolicyError):
    """Several policies are malformed, each with its own reason. ``errors``: by file, two at least. ``of``: how many
    there are."""

    def __init__(self, errors: Mapping[str, PathGuardError], of: int, option: str) -> None:
        self.errors, self.of, self.option = dict(errors), of, option
        super().__init__(f"{len(errors)} of {of} policies can't be used: {', '.join(errors)}", option)

    def __str__(self) -> str:
        told = list(self.errors.items())[:MOST_TOLD]
        lines = [f"{len(self.errors)} of {self.of} policies can't be used:", *(_line(*one) for one in told)]
        more = len(self.errors) - len(told)
        return "\n".join([*lines, f"and {more} more"] if more else lines)

    def __reduce__(self) -> tuple[type[PoliciesError], tuple[dict[str, PathGuardError], int, str]]:  # type: ignore[override]
        return type(self), (self.errors, self.of, self.option)


def _line(file: str, error: PathGuardError) -> str:
    """The place in the file is enough of where it is."""
    place = error.where.partition(" in ")[0] if error.where.startswith("$") else ""
    text = f"{file}{f' {place}' if place else ''}: {error.what}{f'; {error.todo}' if error.todo else ''}"
    return textwrap.shorten(text, _LINE, placeholder=" [...]")


def read_policies(given: Any, folder: Path, option: str = OPTION) -> list[Given]:
    """``given``: a file, a folder, a policy itself, or a list of these; an empty list: none, on purpose. A list may be
    text, as ``-e`` of a command line makes it: YAML in brackets, or names with commas between them. ``option``: what
    the user names them by.

    Raises PolicyError for one that is malformed, PoliciesError for several, AuditError where none is named."""
    if given is None or (isinstance(given, str) and not given.strip(_NO_NAME)):
        raise AuditError(
            "it is not said which policies are meant",
            option,
            f"name policy files, or a folder of them, such as -e {option}=policies; "
            f"to go without any: -e '{{\"{option}\": []}}'",
        )
    sources = [source for item in _items(given, folder, option) for source in _sources(item, folder, option)]
    twice = sorted(
        {file for file, _source in sources if [other for other, _source in sources].count(file) > 1}
    )
    if twice and twice != [INLINE]:
        raise AuditError(f"named twice: {', '.join(twice)}", option, "name each policy once")
    return _each(sources, lambda file, source: Given(file, load_policy(source, folder)), option)


def check(
    policies: Sequence[Given], groups: Mapping[str, Sequence[str]], hosts: Sequence[str], option: str = OPTION
) -> None:
    """PolicyError for names that the inventory lacks, PoliciesError where several policies have such."""

    def one(_file: str, policy: Policy) -> None:
        with naming(policy.name):
            check_against_inventory(policy, groups, hosts)

    _each([(given.file, given.policy) for given in policies], one, option)


def _each(items: Sequence[tuple[str, Any]], function: Callable[[str, Any], Any], option: str) -> list[Any]:
    found = []
    errors: dict[str, PathGuardError] = {}
    for file, item in items:
        try:
            found.append(function(file, item))
        except PathGuardError as error:
            errors[file] = error
    if len(errors) > 1:
        raise PoliciesError(errors, len(items), option)
    for only in errors.values():
        raise only
    return found


def _items(given: Any, folder: Path, option: str) -> list[Any]:
    """What is named, one by one."""
    if not isinstance(given, str) or "\n" in given:
        return list(given) if isinstance(given, list) else [given]
    text = given.strip()
    if text.startswith("["):
        try:
            listed = yaml.safe_load(text)
        except (yaml.YAMLError, RecursionError):
            listed = None
        if not isinstance(listed, list):
            raise AuditError(
                f"{text[:_LINE]!r} is no list", option, "write it as [policies/shop.yml, policies/bank.yml]"
            )
        return listed
    if "," in text and not _has(folder, text):
        return [name.strip() for name in text.split(",") if name.strip()]
    return [text]


def _has(folder: Path, name: str) -> bool:
    try:
        return (folder / expanded(name)).exists()
    except OSError:  # such as a name that is too long
        return False


def _sources(item: Any, folder: Path, option: str) -> Iterator[tuple[str, Any]]:
    """(file, what load_policy takes)."""
    if isinstance(item, Mapping) or (isinstance(item, str) and "\n" in item):
        yield INLINE, item
        return
    if not isinstance(item, str) or not item.strip():
        raise AuditError(f"{item!r} is no policy", option, "name a file or a folder")
    path = folder / expanded(item)
    try:
        if not path.is_dir():
            yield item, item
            return
        files = sorted(
            file for file in path.iterdir() if file.suffix in SUFFIXES and not file.name.startswith(".")
        )
    except OSError as error:
        raise AuditError(
            f"the policies can't be listed: {error.strerror}",
            str(path),
            f"mend its permissions, or correct {option}",
        ) from None
    if not files:
        raise AuditError(
            f"there is no policy in this folder (no {', '.join(SUFFIXES)} file)",
            str(path),
            f"correct {option}",
        )
    yield from ((f"{item.rstrip('/')}/{file.name}", str(file)) for file in files)
