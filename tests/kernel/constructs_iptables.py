# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What iptables rules can say (iptables(8), iptables-extensions(8)), as ``constructs_nft`` has it for nft.

Matches are tried with a drop and with an accept before a drop, in the chain FORWARD of the table filter. Whole rules,
separated by `;`, begin with their place: `mangle` and `filter` are FORWARD of that table, `early` and `raw` are
PREROUTING of mangle and of raw. What begins with `4:` is for IPv4 only, with `6:` for IPv6.
"""

from __future__ import annotations

# For `ipset restore`, a paragraph at a time, as not every kernel knows all types; the sets of IPv6 addresses have a 6 behind their names.
IPSETS = """
create hosts hash:ip
add hosts 10.0.0.5
create hosts6 hash:ip family inet6
add hosts6 fd00::5
create nets hash:net
add nets 10.0.0.0/23
add nets 10.0.1.0/24 nomatch
create nets6 hash:net family inet6
add nets6 fd00::/112
create whole hash:net
add whole 0.0.0.0/1
add whole 128.0.0.0/1
create whole6 hash:net family inet6
add whole6 ::/1
create doors hash:ip,port
add doors 10.0.0.5,tcp:80
add doors 10.0.1.9,udp:53
create doors6 hash:ip,port family inet6
add doors6 fd00::5,tcp:80
create ways hash:net,port
add ways 10.0.0.0/24,tcp:80
create ways6 hash:net,port family inet6
add ways6 fd00::/112,tcp:80
create links hash:net,iface
add links 10.0.0.0/24,in0
add links 10.0.2.0/24,in0
create links6 hash:net,iface family inet6
add links6 fd00::/112,in0
create ports bitmap:port range 0-1024
add ports 22
add ports 53
create ports6 bitmap:port range 0-1024
add ports6 22
create some list:set
add some hosts
add some nets
create some6 list:set
add some6 hosts6
create spans bitmap:ip range 10.0.0.0/22
add spans 10.0.0.0/24
create spans6 hash:ip family inet6 netmask 64
add spans6 fd00::
create triple hash:ip,port,ip
create triple6 hash:ip,port,ip family inet6
create leaving hash:ip timeout 3600
add leaving 10.0.0.5 timeout 3000
add leaving 10.0.1.9 timeout 0
create leaving6 hash:ip family inet6 timeout 3600
add leaving6 fd00::5 timeout 3000
create fed hash:ip timeout 600
create fed6 hash:ip family inet6 timeout 600
create mapped hash:ip skbinfo
create mapped6 hash:ip family inet6 skbinfo
create unread hash:ip counters
add unread 10.0.0.5
create unread6 hash:ip family inet6 counters
add unread6 fd00::5

create netnet hash:net,net
add netnet 10.0.0.0/24,10.1.0.0/16
create netnet6 hash:net,net family inet6
add netnet6 fd00::/112,fd00:1::/64

create macs hash:mac
add macs 02:00:00:00:01:00
create macs6 hash:mac
add macs6 02:00:00:00:01:00

create marked hash:ip,mark
add marked 10.0.0.5,0x0
create marked6 hash:ip,mark family inet6
add marked6 fd00::5,0x0
"""

KNOWN_MATCHES = """
-p 0
-p all
-p tcp
! -p tcp
-p esp
-p 99
4:-p icmp
6:-p ipv6-icmp
4:-s 10.0.0.0/24
4:! -s 10.0.0.5
4:-s 10.0.0.5/255.0.255.255
4:-s 10.0.0.1/0.0.0.1
4:! -s 10.0.0.1/0.0.0.1 -i in0
4:-d {four}
6:-s fd00::/112
6:! -s fd00::5
6:-s ::1/::1
-i +
-i in+
! -i in0
! -i in+
-o out0
! -o out+
-i in0 -o out0
4:-p icmp -m icmp --icmp-type any
4:-p icmp -m icmp --icmp-type 8
4:-p icmp -m icmp --icmp-type 3/4
4:-p icmp -m icmp --icmp-type 8/0
4:-p icmp -m icmp ! --icmp-type 8/0
4:-p icmp -m icmp --icmp-type fragmentation-needed
6:-p ipv6-icmp -m icmp6 --icmpv6-type 128
6:-p ipv6-icmp -m icmp6 ! --icmpv6-type 128
6:-p ipv6-icmp -m icmp6 --icmpv6-type 1/4
-p tcp -m tcp --dport 80
-p tcp -m tcp ! --dport 80
-p tcp -m tcp --dport 22:80
-p tcp -m tcp --sport 1024 --dport 22
-p tcp -m tcp --dport :100
-p tcp -m tcp --dport 100:
-p udp -m udp --dport 53
-p udp -m udp ! --sport 53
-p sctp -m sctp --dport 80
-p dccp -m dccp --dport 80
-p tcp --syn
-p tcp ! --syn
-p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN
-p tcp -m tcp --tcp-flags ALL NONE
-p tcp -m tcp ! --tcp-flags SYN,RST SYN
-p tcp -m tcp --tcp-flags ACK SYN
-p tcp -m multiport --dports 22,80
-p tcp -m multiport ! --dports 22,8000:9000
-p tcp -m multiport --sports 1024,20000:20005
-p tcp -m multiport --ports 80,20000:20005
-p tcp -m multiport ! --ports 80,1024
-p udp -m multiport --dports 53
-p sctp -m multiport --dports 53
-p udplite -m multiport --dports 53
-p dccp -m multiport --dports 53
4:-m iprange --src-range 10.0.0.5-10.0.1.8
4:-m iprange ! --src-range 10.0.0.5-10.0.1.8
4:-m iprange --dst-range 10.1.0.0-10.1.255.255
4:-m iprange ! --src-range 10.0.0.5-10.0.1.8 --dst-range 10.1.0.0-10.1.0.20
6:-m iprange --src-range fd00::1-fd00::9
-m state --state NEW
-m state ! --state NEW
-m conntrack --ctstate NEW,ESTABLISHED
-m conntrack ! --ctstate INVALID
-m conntrack --ctstate SNAT,DNAT
-m conntrack --ctstate NEW,SNAT
-m conntrack ! --ctstate DNAT
-m conntrack --ctproto 6
-m conntrack ! --ctproto 6
4:-m conntrack --ctorigsrc 10.0.0.0/24
4:-m conntrack ! --ctorigsrc 10.0.0.5
4:-m conntrack --ctorigdst 10.1.0.0/16
4:-m conntrack --ctreplsrc 10.1.0.0/16
4:-m conntrack --ctrepldst 10.0.0.0/24
6:-m conntrack --ctorigsrc fd00::/112
-p tcp -m conntrack --ctorigsrcport 1024:2000
-p tcp -m conntrack --ctorigdstport 80
-m conntrack --ctproto 6 --ctreplsrcport 80
-m conntrack --ctproto 6 --ctrepldstport 20000
-m conntrack --ctdir ORIGINAL
-m conntrack --ctdir REPLY
-m conntrack --ctstatus NONE
-m conntrack --ctstatus SEEN_REPLY
-m conntrack ! --ctstatus CONFIRMED
-m conntrack --ctstate NEW --ctproto 17 --ctdir ORIGINAL
-m mark --mark 0
-m mark --mark 0x1/0x3
-m mark ! --mark 0x1/0x3
-m connmark --mark 0
-m connmark ! --mark 0x1
-m addrtype --dst-type LOCAL
-m addrtype ! --dst-type LOCAL
-m addrtype --dst-type UNICAST
-m addrtype --src-type UNICAST --dst-type UNICAST
-m addrtype --dst-type LOCAL --limit-iface-in
4:-m addrtype --dst-type LOCAL,BROADCAST,MULTICAST
-m set --match-set hosts src
-m set ! --match-set hosts src
-m set --match-set nets src
-m set ! --match-set nets src
-m set --match-set whole src
-m set --match-set doors src,dst
-m set ! --match-set doors src,dst
-m set --match-set ways src,dst
-m set --match-set links src,src
-m set --match-set ports dst
-m set ! --match-set ports dst
-m set --match-set some src
-m set ! --match-set some src
-m set --match-set spans src
-m set --match-set marked src,src
-m set --match-set netnet src,dst
-m set --match-set netnet dst,src
-m set --match-set triple src,dst,dst
-m set --match-set hosts src,src
-m set --match-set doors src
-m set --match-set unread src
-m pkttype --pkt-type unicast
-m pkttype ! --pkt-type multicast
6:-m rt --rt-type 0
4:-f
4:! -f
-m comment --comment "-j DROP ! --dport 22"
""".strip().splitlines()

UNKNOWN_MATCHES = """
-p tcp -m tcp --tcp-option 5
-p tcp -m tcp ! --tcp-option 5
-m length --length 20:100
4:-m ttl --ttl-eq 63
6:-m hl --hl-eq 63
-m dscp --dscp 0x0a
-m tos --tos 0x10/0x3f
4:-p ah -m ah --ahspi 500
-p esp -m esp --espspi 500
-p dccp -m dccp --dccp-types REQUEST
-p sctp -m sctp --chunk-types any INIT
-m conntrack --ctstatus ASSURED
-m conntrack --ctstatus EXPECTED
-m conntrack --ctexpire 5
-m conntrack ! --ctexpire 5:10
-m limit --limit 1/sec
-m hashlimit --hashlimit-upto 1/sec --hashlimit-mode srcip --hashlimit-name h
-m connlimit --connlimit-above 3
-m connbytes --connbytes 3 --connbytes-dir both --connbytes-mode packets
-m recent --rcheck --name x
-m recent ! --rcheck --name x
-m statistic --mode nth --every 2 --packet 0
-m statistic --mode random --probability 0.5
-m time --timestart 10:00
-m string --string a --algo bm
-m u32 --u32 0x0=0
-m quota --quota 100
-m helper --helper ftp
-m mac --mac-source 02:00:00:00:01:00
-m mac ! --mac-source 02:00:00:00:01:00
-m physdev --physdev-is-bridged
-m policy --dir in --pol none
-m policy --dir in --pol ipsec
-m cpu --cpu 0
-m devgroup --src-group 1
-m connlabel --label 1
4:-m realm --realm 1
-m set --match-set leaving src
-m set ! --match-set leaving src
-m set --match-set fed src
-m set --match-set macs src
-m set --match-set hosts src --packets-gt 5
-m set --match-set unread src --bytes-lt 5
4:-p icmp -m icmp --icmp-type 8 -m limit --limit 5/min
6:-m frag --fragid 1
6:-m hbh --hbh-len 5
6:-m ipv6header --header hop
6:-m eui64
""".strip().splitlines()

KNOWN_RULES = """
filter -j ACCEPT
filter -j DROP
filter -j RETURN; -j DROP
filter ; -j DROP
filter -p tcp; -p tcp --dport 80 -j DROP
filter -j REJECT
filter -p tcp -j REJECT --reject-with tcp-reset
4:filter -j REJECT --reject-with icmp-host-prohibited
6:filter -j REJECT --reject-with icmp6-adm-prohibited
filter -j aside
filter -j aside; -p tcp --dport 80 -j DROP
filter -g aside; -j DROP
filter -p tcp -g aside; -p udp -j DROP
filter -j LOG --log-prefix "-j DROP "; -p tcp --dport 80 -j DROP
filter -j LOG --log-level 7 --log-tcp-options --log-ip-options --log-uid; -p udp -j DROP
filter -j NFLOG --nflog-group 1 --nflog-prefix x; -p tcp --dport 80 -j DROP
filter -j AUDIT --type accept; -p tcp --dport 80 -j DROP
filter -j IDLETIMER --timeout 5 --label x; -p tcp --dport 80 -j DROP
filter -j SET --add-set fed src; -p tcp --dport 80 -j DROP
filter -j SET --del-set fed src; -p tcp --dport 80 -j DROP
filter -j SET --add-set fed src --exist --timeout 5; -p tcp --dport 80 -j DROP
filter -j CONNMARK --set-xmark 0x1/0xff; -m connmark --mark 0x1 -j DROP
mangle -j MARK --set-xmark 0x1/0xff; -m mark --mark 0x1 -j DROP
mangle -j MARK --set-xmark 0x1/0xff; -j MARK --or-mark 0x10; -m mark --mark 0x11 -j DROP
mangle -j MARK --set-mark 0x7; -j MARK --and-mark 0x6; -m mark --mark 0x6 -j DROP
mangle -j MARK --set-mark 0x7; -j MARK --xor-mark 0x2; -m mark ! --mark 0x5 -j DROP
mangle -p tcp -j MARK --set-mark 0x7; -m mark --mark 0x7 -j DROP
mangle -j MARK --set-mark 0x3; -j CONNMARK --save-mark; -j MARK --set-mark 0; -j CONNMARK --restore-mark; -m mark --mark 3 -j DROP
mangle -j CONNMARK --set-mark 0x3; -j CONNMARK --restore-mark --nfmask 0x1 --ctmask 0x1; -m mark --mark 1 -j DROP
mangle -p tcp -m tcp --tcp-flags SYN,RST SYN -j TCPMSS --clamp-mss-to-pmtu; -p tcp --dport 80 -j DROP
mangle -p tcp -m tcp --tcp-flags SYN,RST SYN -j TCPMSS --set-mss 1200; -p tcp --dport 80 -j DROP
mangle -j CLASSIFY --set-class 1:2; -p tcp --dport 80 -j DROP
mangle -j DSCP --set-dscp 0x0a; -p tcp --dport 80 -j DROP
mangle -j TOS --set-tos 0x10/0x3f; -p tcp --dport 80 -j DROP
4:mangle -j TTL --ttl-set 64; -p tcp --dport 80 -j DROP
6:mangle -j HL --hl-set 64; -p tcp --dport 80 -j DROP
mangle -p tcp -j TCPOPTSTRIP --strip-options timestamp; -p tcp --dport 80 -j DROP
mangle -j CHECKSUM --checksum-fill; -p tcp --dport 80 -j DROP
mangle -j RATEEST --rateest-name x --rateest-interval 250ms --rateest-ewmalog 1s; -p tcp --dport 80 -j DROP
raw -j CT --notrack; -m conntrack --ctstate UNTRACKED -j DROP
raw -j NOTRACK; -p tcp --dport 80 -j DROP
raw -p tcp -j CT --helper ftp; -p tcp --dport 80 -j DROP
raw -j CT --zone 3; -p tcp --dport 80 -j DROP
raw -j TRACE; -p tcp --dport 80 -j DROP
early -j MARK --set-mark 0x5; -m mark --mark 0x5 -j DROP
raw -m rpfilter -j DROP
raw -m rpfilter --invert -j DROP
raw -m rpfilter --loose --validmark --accept-local --invert -j DROP
""".strip().splitlines()

UNKNOWN_RULES = """
filter -j NFQUEUE --queue-num 0
filter -j NFQUEUE --queue-num 0 --queue-bypass
filter -p tcp -j SYNPROXY
mangle -j SET --map-set mapped src --map-mark; -m mark --mark 0x5 -j DROP
4:mangle -j HMARK --hmark-tuple src --hmark-mod 10 --hmark-rnd 1; -m mark --mark 0x1 -j DROP
filter -m recent --set --name y; -m recent --rcheck --name y -j DROP
filter -m limit --limit 1/min; -m limit --limit 1/min -j DROP
early -m socket --transparent -j DROP
early -m socket --nowildcard -j DROP
early -p tcp -j TPROXY --on-port 80 --tproxy-mark 0x1/0x1; -p tcp -m mark --mark 0x1 -j DROP
""".strip().splitlines()
