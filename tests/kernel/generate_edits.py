# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Random scripts that change the rules of a random nft ruleset: by handle, index, name, and as blocks."""

from __future__ import annotations

from collections.abc import Callable

from ansible_collections.pathguard.network.plugins.plugin_utils.model.state import State
from tests.kernel import draw as of
from tests.kernel.generate_nft import CHAINS, NftRuleset

TABLE = "inet t0"


class NftEdits(NftRuleset):
    """``text`` is loaded first, and then ``script``, which is made from the handles that the kernel has given."""

    def script(self, state: State) -> str:
        chains = {key: item.rules for key, item in (*state.rulesets.items(), *state.chains.items())}
        self.handles = {
            key.rpartition("/")[2]: list(dict.fromkeys(rule.handle for rule in rules))
            for key, rules in chains.items()
            if key.startswith("inet/t0/")
        }
        self.gone: set[int | None] = set()
        made: list[Callable[[], str]] = [
            self._add, self._add, self._insert, self._at_handle, self._at_index, self._delete, self._delete,
            self._replace, self._flush, self._block, self._elements, self._fewer, self._door, self._policy,
        ]  # fmt: skip
        if self.draw.random() < 0.1:
            made.append(self._anew)
        lines = [self.draw.choice(made)() for _n in range(self.draw.randrange(1, 8))]
        return "\n".join(line for line in lines if line) + "\nlist ruleset\n"

    def _chain_name(self) -> str:
        return self.draw.choice([name for name in self.handles if not name.startswith("__")])

    def _new_rule(self, chain: str) -> str:
        below = CHAINS[CHAINS.index(chain) + 1 :] if chain in CHAINS else CHAINS
        return self._rule("inet", below)

    def _add(self) -> str:
        chain = self._chain_name()
        return f"add rule {TABLE} {chain} {self._new_rule(chain)}"

    def _insert(self) -> str:
        chain = self._chain_name()
        return f"insert rule {TABLE} {chain} {self._new_rule(chain)}"

    def _there(self, chain: str) -> int | None:
        left = [handle for handle in self.handles[chain] if handle is not None and handle not in self.gone]
        return self.draw.choice(left) if left else None

    def _at_handle(self) -> str:
        chain = self._chain_name()
        handle = self._there(chain)
        if handle is None:
            return ""
        how = self.draw.choice(("add rule {} handle", "insert rule {} handle", "add rule {} position"))
        return f"{how.format(f'{TABLE} {chain}')} {handle} {self._new_rule(chain)}"

    def _at_index(self) -> str:
        """Once in a script: nft counts the rules that it has read, of those in the script not all."""
        chain = self._chain_name()
        count = len(self.handles[chain])
        if not count or self.gone:
            return ""
        self.gone.update(self.handles[chain][count // 2 :])
        return f"insert rule {TABLE} {chain} index {self.draw.randrange(count)} {self._new_rule(chain)}"

    def _delete(self) -> str:
        chain = self._chain_name()
        handle = self._there(chain)
        self.gone.add(handle)
        return "" if handle is None else f"delete rule {TABLE} {chain} handle {handle}"

    def _replace(self) -> str:
        chain = self._chain_name()
        handle = self._there(chain)
        self.gone.add(handle)
        return (
            "" if handle is None else f"replace rule {TABLE} {chain} handle {handle} {self._new_rule(chain)}"
        )

    def _flush(self) -> str:
        chain = self._chain_name()
        self.gone.update(self.handles[chain])
        return f"flush chain {TABLE} {chain}"

    def _block(self) -> str:
        chain = self._chain_name()
        rules = "; ".join(self._new_rule(chain) for _n in range(2))
        return f"table {TABLE} {{ chain {chain} {{ {rules}; }}; }}"

    def _elements(self) -> str:
        return f"add element {TABLE} hosts4 {{ {of.address(self.draw, self.hook, 4, 1)} }}"

    def _fewer(self) -> str:
        return f"flush set {TABLE} {self.draw.choice(('hosts4', 'nets4', 'ports'))}"

    def _door(self) -> str:
        return f"flush map {TABLE} doors\nadd element {TABLE} doors {{ {self.draw.choice(of.PORTS)} : drop }}"

    def _policy(self) -> str:
        return f"table {TABLE} {{ chain base {{ policy {self.draw.choice(('accept', 'drop'))}; }}; }}"

    def _anew(self) -> str:
        """All of it once more, as people load their files; no handle of before is there then."""
        for handles in self.handles.values():
            self.gone.update(handles)
        return f"flush ruleset\n{self.text}"
