# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What iptables-restore surely refuses in a rule, and with it the whole file (iptables(8), iptables-extensions(8)).

An option that is not known here, and like none that is, may be one of a module that the host has: that is left to the
reader, to whom the rule is unknown.
"""

from __future__ import annotations

import difflib
import ipaddress
import re
from collections.abc import Collection

from .. import iptables_options
from ..nft_constants import listed

_ONCE = ("-p", "-s", "-d", "-i", "-o", "-j", "-g")
_OF_SETS = ("--match-set", "--add-set", "--del-set", "--map-set")
_OF_PROTOCOLS = listed("--sport --source-port --dport --destination-port --tcp-flags --syn --tcp-option")
_LOOKS_LIKE_ADDRESS = re.compile(
    r"\d+\.\d+\.\d+\.\d+(?:/[0-9.]+)?|[0-9a-fA-F:]*:[0-9a-fA-F:.]*(?:/[0-9a-fA-F:.]+)?"
)
_KNOWN = listed("""
--source --src --destination --dst --protocol --proto --in-interface --out-interface --fragment --match --jump --goto
--set-counters --sport --source-port --dport --destination-port --tcp-flags --tcp-option --syn --icmp-type
--icmpv6-type --sports --source-ports --dports --destination-ports --ports --state --ctstate --ctproto --ctorigsrc
--ctorigdst --ctreplsrc --ctrepldst --ctorigsrcport --ctorigdstport --ctreplsrcport --ctrepldstport --ctstatus
--ctexpire --ctdir --comment --src-range --dst-range --mark --match-set --return-nomatch --update-counters
--update-subcounters --packets-eq --packets-lt --packets-gt --bytes-eq --bytes-lt --bytes-gt --limit --limit-burst
--hashlimit-upto --hashlimit-above --hashlimit-burst --hashlimit-mode --hashlimit-srcmask --hashlimit-dstmask
--hashlimit-name --hashlimit-htable-size --hashlimit-htable-max --hashlimit-htable-expire
--hashlimit-htable-gcinterval --hashlimit-rate-match --hashlimit-rate-interval --connlimit-upto --connlimit-above
--connlimit-mask --connlimit-saddr --connlimit-daddr --name --set --rcheck --update --remove --seconds --reap
--hitcount --rttl --rsource --rdest --mask --datestart --datestop --timestart --timestop --monthdays --weekdays
--contiguous --kerneltz --mac-source --uid-owner --gid-owner --socket-exists --suppl-groups --physdev-in --physdev-out
--physdev-is-in --physdev-is-out --physdev-is-bridged --src-type --dst-type --limit-iface-in --limit-iface-out
--pkt-type --algo --from --to --string --hex-string --icase --mode --probability --every --packet --length --ttl-eq
--ttl-gt --ttl-lt --hl-eq --hl-gt --hl-lt --mss --dscp --dscp-class --tos --helper --loose --validmark --accept-local
--invert --dir --pol --strict --reqid --spi --tunnel-src --tunnel-dst --next --log-level --log-prefix
--log-tcp-sequence --log-tcp-options --log-ip-options --log-uid --log-macdecode --nflog-group --nflog-prefix
--nflog-range --nflog-size --nflog-threshold --reject-with --to-destination --to-source --to-ports --random
--random-fully --persistent --set-mark --set-xmark --and-mark --or-mark --xor-mark --save-mark --restore-mark --nfmask
--ctmask --notrack --ctevents --expevents --zone --zone-orig --zone-reply --timeout --add-set --del-set --map-set
--map-mark --map-prio --map-queue --exist --flush --set-mss --clamp-mss-to-pmtu --set-dscp --set-dscp-class --set-tos
--ttl-set --ttl-dec --ttl-inc --hl-set --hl-dec --hl-inc --queue-num --queue-balance --queue-bypass --queue-cpu-fanout
--on-port --on-ip --tproxy-mark --gateway --oif --label --genre --ttl --log --bytecode --object-pinned --path --cgroup
--cpu --realm --ecn-tcp-cwr --ecn-tcp-ece --ecn-ip-ect --transparent --restore-skmark --nowildcard --quota --rateest
--u32 --chunk-types --dccp-types --dccp-option --ahspi --espspi --ahlen --ahres --rt-type --rt-segsleft --rt-len
--fragid --fragfirst --fragmore --fraglast --header --soft --hbh-len --hbh-opts --dst-len --dst-opts --ipv4 --ipv6
--type --sack-perm --timestamp --wscale --ecn
""")
_SORTED = sorted(_KNOWN)
_ALIKE = 0.82


def refused(specification: str, six: bool) -> str:
    """Why iptables would refuse a rule; empty where nothing says so. ``six``: by ip6tables."""
    line = iptables_options.read(specification)
    options = [option for _module, options in line.groups for option in options]
    found = _twice(specification)
    for option in [*options, *line.target_options]:
        found = found or _option(option, six)
    modules = {module for module, _options in line.groups if module}
    alone = next((option.name for option in options if option.name in _OF_PROTOCOLS), "")
    if alone and not modules and not any(option.name == "-p" for option in options):
        found = found or f"{alone} without -p"
    return found


def without_set(specification: str, sets: Collection[str] | None) -> str:
    """Why a rule that asks or fills an ipset would be refused: there must be one (ipset(8)). ``sets``: those that the
    host has, None where they are not known."""
    if sets is None or "-set " not in specification:
        return ""
    line = iptables_options.read(specification)
    asked = [
        option.values[0]
        for option in [*line.target_options, *(one for _module, some in line.groups for one in some)]
        if option.name in _OF_SETS and option.values
    ]
    return next((f"there is no ipset {name[:40]!r}" for name in asked if name not in sets), "")


def _twice(specification: str) -> str:
    names = [option.name for option in iptables_options.options(specification)]
    twice = next((name for name in _ONCE if names.count(name) > 1), "")
    return f"{twice} twice" if twice else ""


def _option(option: iptables_options.Option, six: bool) -> str:
    name = option.name
    if not name.startswith("-"):
        return f"{name[:40]!r} belongs to no option"
    # getopt_long(3) takes the beginning of an option for the whole, where it is the only one.
    if name.startswith("--") and not any(known.startswith(name) for known in _SORTED):
        near = difflib.get_close_matches(name, _SORTED, 1, _ALIKE)
        return f"there is no option {name[:40]} (did you mean {near[0]}?)" if near else ""
    if name not in ("-s", "-d") or not option.values or not _LOOKS_LIKE_ADDRESS.fullmatch(option.values[0]):
        return ""
    try:
        network = ipaddress.ip_network(option.values[0], strict=False)
    except ValueError:
        # A mask of ip6tables may be an address, and that of either may have holes.
        plain = option.values[0].partition("/")
        return "" if plain[2] and not plain[2].isdecimal() else f"{option.values[0][:60]!r} is no address"
    return "" if (network.version == 6) is six else f"{option.values[0][:60]!r} is of the other family"
