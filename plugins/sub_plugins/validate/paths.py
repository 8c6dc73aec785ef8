# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``ansible.utils.validate`` with ``engine: pathguard.network.paths``; see docs/coming-from.md.

The contract is that of ansible.utils (plugins/plugin_utils/base/validate.py there): a class ``Validate`` whose
``validate()`` returns ``{}``, or ``errors`` and ``msg``; options from DOCUMENTATION below. Nothing else needs that
collection, so it may be missing.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ansible.errors import AnsibleError

from ansible_collections.pathguard.network.plugins.plugin_utils.ansible_values import native, unsafe
from ansible_collections.pathguard.network.plugins.plugin_utils.errors import PathGuardError
from ansible_collections.pathguard.network.plugins.plugin_utils.gather.names_file import read_beside
from ansible_collections.pathguard.network.plugins.plugin_utils.gather.states import network_from
from ansible_collections.pathguard.network.plugins.plugin_utils.policy.complain import naming
from ansible_collections.pathguard.network.plugins.plugin_utils.policy.names import Names
from ansible_collections.pathguard.network.plugins.plugin_utils.policy.read import load_policy
from ansible_collections.pathguard.network.plugins.plugin_utils.policy.validate import validate
from ansible_collections.pathguard.network.plugins.plugin_utils.render.criteria import criteria_errors
from ansible_collections.pathguard.network.plugins.plugin_utils.render.formats import render

try:
    from ansible_collections.ansible.utils.plugins.plugin_utils.base.validate import ValidateBase
except ImportError:  # sanity tests, and whoever does not use ansible.utils
    ValidateBase = object

DOCUMENTATION = r"""
author: PathGuard developers (@pathguard)
name: paths
short_description: Prove a policy of network paths, as an engine of ansible.utils.validate
description:
  - The I(data) are states of hosts. A folder of snapshots, a list of snapshot files, what
    M(pathguard.network.firewall_info) returned as C(firewalls), a state, or C({hosts, groups}).
  - The I(criteria) are a policy, as a mapping, as text or as a file, or a list of policies. See docs/policies.md.
  - Each path that is not certainly as the policy wants is an error, and so is each such fact about configurations.
    What is not known is an error, too, and says so. A violation that a waiver accepts is none.
version_added: 0.1.0
options:
  groups:
    description:
      - The inventory's groups, which policies name. In a task these are the inventory's own.
      - In a filter, a test or a lookup they are given as C(groups=groups).
    type: dict
    vars:
      - name: groups
  folder:
    description:
      - Where relative paths start. In a task this is the playbook's folder, elsewhere the current one.
    type: path
    vars:
      - name: playbook_dir
"""


class Validate(ValidateBase):  # type: ignore[misc]
    """Policies proven on states."""

    def validate(self) -> dict[str, Any]:
        """``{}`` if all is as the policies want. AnsibleError for a mistake in data, criteria or options."""
        try:
            found: dict[str, Any] = unsafe(self._proven())
        except PathGuardError as error:
            raise AnsibleError(str(error)) from None
        return found

    def _proven(self) -> dict[str, Any]:
        folder = Path(native(self._get_sub_plugin_options("folder")) or ".")
        criteria = native(self._criteria)
        policies = [
            load_policy(item, folder) for item in (criteria if isinstance(criteria, list) else [criteria])
        ]
        if not policies:
            raise PathGuardError("there is no policy", "criteria", "name one, or write it there")
        states, files, groups = network_from(self._data, folder)
        if groups is None:
            groups = native(self._get_sub_plugin_options("groups")) or {}
        names = Names(read_beside(files.values()))
        snapshots = {host: str(path) for host, path in files.items()}
        errors: list[dict[str, Any]] = []
        texts: list[str] = []
        for policy in policies:
            with naming(policy.name):
                report = validate(policy, states, groups, resolver=names, snapshots=snapshots)
            if report["summary"]["verdict"] == "pass":
                continue
            document = {"hosts": {}, "groups": groups}
            if report["summary"]["configuration"]:
                document["hosts"] = {host: state.to_dict() for host, state in states.items()}
            errors += criteria_errors(report, policy.schema, document)
            texts.append(render(report, "text").rstrip())
        return {"errors": errors, "msg": "\n\n".join(texts)} if errors else {}
