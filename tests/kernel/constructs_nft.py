# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What nft rules can say (nft(8)), one construct a line, and whether the analysis knows what it does.

``{four}`` and ``{six}`` stand for the destination addresses that a line has for itself. A match is tried with a
drop, and with an accept before a drop. What is known must be known for every packet of the test; what is not must
be unknown for some.
"""

from __future__ import annotations

# Sets, maps and objects that the lines below name.
OBJECTS = """
set hosts { type ipv4_addr; elements = { 10.0.0.5, 10.0.2.200 } }
set nets { type ipv4_addr; flags interval; elements = { 10.0.0.0/24, 10.0.3.0-10.0.3.9 } }
set merged { type ipv4_addr; flags interval; auto-merge; elements = { 10.0.0.0/25, 10.0.0.128/25 } }
set nets6 { type ipv6_addr; flags interval; elements = { fd00::/112 } }
set ports { type inet_service; elements = { 22, 80 } }
set counted { type inet_service; counter; elements = { 22, 80 } }
set commented { type inet_service; elements = { 22 comment "ssh", 80 } }
set spans { type inet_service; flags interval; elements = { 20-30, 80 } }
set protocols { type inet_proto; elements = { tcp, icmp } }
set marks { type mark; elements = { 1, 7 } }
set names { type ifname; elements = { "in0", "out7" } }
set doors { type ipv4_addr . inet_service; elements = { 10.0.0.5 . 80, 10.0.1.9 . 22 } }
set ways { type ipv4_addr . inet_proto . inet_service; flags interval; elements = { 10.0.0.0/24 . tcp . 80, 10.0.1.0-10.0.1.9 . udp . 1-100 } }
set links { typeof meta iifname . ip saddr; elements = { "in0" . 10.0.0.5 } }
set kinds { typeof tcp dport; elements = { 80 } }
set masked { typeof ip saddr . tcp dport; flags interval; elements = { 10.0.0.0/24 . 80-90 } }
set empty { type ipv4_addr; }
set seen { type ipv4_addr; flags dynamic; timeout 1h; }
set lasting { type ipv4_addr; flags dynamic; }
set leaving { type ipv4_addr; flags timeout; elements = { 10.0.0.5 timeout 1h, 10.0.1.9 } }
set limited { type ipv4_addr; limit rate 1/hour; elements = { 10.0.0.5 } }
map gates { type inet_service : verdict; elements = { 22 : drop, 80 : accept } }
map spanned { type inet_service : verdict; flags interval; elements = { 1-100 : drop, 8080 : jump aside } }
map pairs { type ipv4_addr . inet_service : verdict; elements = { 10.0.0.5 . 80 : drop, 10.0.1.9 . 22 : goto aside } }
map tags { type ipv4_addr : mark; elements = { 10.0.0.5 : 1, 10.0.1.9 : 2 } }
map ranges { type ipv4_addr : mark; flags interval; elements = { 10.0.0.0/24 : 1, 10.0.1.0/24 : 2 } }
counter things { }
quota much { 100 mbytes }
limit often { rate 10/second }
ct helper ftp { type "ftp" protocol tcp; }
ct timeout long { protocol tcp; policy = { established: 120 }; }
chain aside { tcp dport 22 drop; udp dport 53 drop; }
"""

KNOWN_MATCHES = """
ip saddr 10.0.0.5
ip saddr != 10.0.0.5
ip saddr 10.0.0.0/24
ip saddr 10.0.0.0-10.0.1.8
ip saddr != { 10.0.0.5, 10.0.1.0/24 }
ip saddr & 0.0.0.1 == 0.0.0.1
ip saddr & 255.0.255.1 == 10.0.0.1
ip daddr {four}
ip saddr < 10.0.1.0
ip saddr >= 10.0.1.0
ip6 saddr fd00::5
ip6 saddr fd00::/112
ip6 saddr != fd00::5
ip6 saddr & ::1 == ::1
ip6 saddr @nets6
ip protocol tcp
ip protocol != tcp
ip protocol { tcp, icmp }
ip6 nexthdr udp
ip6 nexthdr ipv6-icmp
meta l4proto tcp
meta l4proto { tcp, udp }
meta l4proto != udp
meta l4proto ipv6-icmp
meta l4proto @protocols
meta l4proto 132
meta nfproto ipv4
meta nfproto ipv6
meta nfproto != ipv4
meta protocol ip
meta protocol { ip, ip6 }
meta protocol arp
ether type ip
ether type ip6
tcp dport 80
tcp dport != 80
tcp dport 1-100
tcp dport != 1-100
tcp dport { 22, 80 }
tcp dport != { 22, 8000-9000 }
tcp dport < 100
tcp dport >= 100
tcp dport ssh
tcp dport & 0xff00 == 0
tcp sport 20000
udp dport 53
udp sport 53
udp dport != 53
sctp dport 80
udplite dport 80
th dport 80 meta l4proto tcp
meta l4proto { tcp, udp } th dport 53
meta l4proto { tcp, udp } th dport { 53, 80 }
tcp flags syn
tcp flags != syn
tcp flags syn / fin,syn,rst,ack
tcp flags & (fin|syn|rst|ack) == syn
tcp flags & (fin|syn) == 0
tcp flags { syn, ack }
tcp flags ! fin,rst
tcp flags & syn != 0
tcp flags == 0x2
icmp type echo-request
icmp type { echo-request, timestamp-request }
icmp type != echo-request
icmp type 8
icmp code 0
icmpv6 type echo-request
icmpv6 type { echo-request, nd-neighbor-solicit }
icmpv6 code 0
iif in0
iif != in0
iif { in0, in1 }
iifname "in0"
iifname != "in0"
iifname "in*"
iifname { "in0", "out9" }
iifname "nosuch"
oif out0
oifname "out*"
oifname != "out0"
iifgroup default
iifgroup 7
meta mark 0
meta mark != 1
meta mark 0-5
meta mark & 0xff == 1
meta mark @marks
meta mark and 0x3 != 0x1
meta pkttype unicast
meta pkttype { broadcast, multicast }
meta pkttype host
meta skuid 0
meta skgid != 0
ct state new
ct state established,related
ct state { new, untracked }
ct state != new
ct state & (new|established) != 0
ct state invalid
ct state ! new,related
ct mark 0
ct mark & 0x1 == 1
ct mark != 0
ct direction original
ct direction reply
ct status dnat
ct status snat
ct status & (dnat|snat) != 0
ct status != dnat
ct l3proto ipv4
ct protocol tcp
ct original ip saddr 10.0.0.5
ct original ip daddr {four}
ct original ip6 saddr fd00::5
ct reply ip daddr 10.0.0.5
ct original protocol tcp
ct original l3proto ipv4
meta l4proto tcp ct original proto-dst 80
meta l4proto tcp ct reply proto-src 80
fib daddr type local
fib daddr type unicast
fib daddr type { local, broadcast, multicast }
fib saddr type != local
fib saddr . iif oif missing
fib saddr . iif oif exists
fib saddr . mark . iif oif in0
ip saddr @hosts
ip saddr != @hosts
ip saddr @nets
ip saddr @merged
ip saddr @empty
ip saddr != @empty
tcp dport @ports
tcp dport @counted
tcp dport @commented
tcp dport @spans
tcp dport @kinds
iifname @names
ip saddr . tcp dport @doors
ip saddr . tcp dport @masked
ip saddr . meta l4proto . th dport @ways
iifname . ip saddr @links
ip saddr . tcp dport { 10.0.0.5 . 80, 10.0.1.9 . 22 }
ip saddr . tcp dport { 10.0.0.0/24 . 1-100, 10.0.1.9 . 22 }
ip saddr . tcp dport != { 10.0.0.5 . 80 }
iifname . tcp dport { "in0" . 80 }
iif . ip saddr { in0 . 10.0.0.5 }
meta l4proto . th dport { tcp . 80, udp . 53 }
ct state . iifname { new . "in0" }
ip saddr . ip protocol { 10.0.0.5 . tcp }
ip saddr . ct mark { 10.0.0.5 . 0 }
ip6 saddr . tcp dport { fd00::5 . 80 }
fib daddr type . iifname { unicast . "in0" }
""".strip().splitlines()

UNKNOWN_MATCHES = """
meta length 20-100
meta priority 0
meta cpu 0
meta time < "2030-01-01"
meta day "Monday"
meta hour "10:00"-"12:00"
meta iiftype ether
meta oiftype != ether
meta iifkind "veth"
meta rtclassid 0
meta secpath missing
ip dscp cs1
ip ttl 63
ip length 40-50
ip id 0
ip frag-off 0
ip version 4
ip hdrlength 5
ip ecn not-ect
ip checksum 0
ip6 hoplimit 63
ip6 flowlabel 0
ip6 length 20
ip6 dscp cs1
tcp sequence 7
tcp ackseq 8
tcp doff 5
tcp window 8192
tcp urgptr 0
tcp option maxseg size 1-500
tcp option timestamp exists
udp length 17
udp checksum 0
icmp id 1
icmp sequence 1
icmpv6 id 1
esp spi 1
ah spi 1
sctp vtag 1
dccp type request
exthdr frag exists
exthdr hbh exists
exthdr mh exists
ether saddr 02:00:00:00:01:00
ether daddr 02:00:00:00:02:00
vlan id 5
ct helper "ftp"
ct label 1
ct zone 0
ct id 5
ct bytes > 10
ct packets < 5
ct avgpkt > 10
ct expiration < 10s
ct status assured
ct status expected
rt classid 0
rt ip nexthop 10.1.0.1
rt mtu 1500
numgen inc mod 2 0
numgen random mod 2 0
jhash ip saddr mod 2 0
symhash mod 2 0
th dport 80
@th,16,16 80
@nh,96,32 0x0a000005
limit rate 1/second
limit rate over 10 mbytes/second
quota 1 mbytes
quota over 1 mbytes
limit name "often"
quota name "much"
ct count 20
ip saddr @seen
ip saddr @lasting
ip saddr @leaving
ip saddr @limited
ip saddr . ip ttl { 10.0.0.5 . 63 }
tcp dport . ct zone { 80 . 0 }
tcp dport 80 limit rate 5/minute burst 7 packets
meta mark set 1 meta length 40
""".strip().splitlines()

# Whole rules, more than one separated by `;`.
KNOWN_RULES = """
accept
drop
return; drop
continue; tcp dport 80 drop
reject
tcp dport 80 reject with tcp reset
ip protocol icmp reject with icmp host-prohibited
reject with icmpx admin-prohibited
jump aside
goto aside; drop
jump aside; tcp dport 80 drop
counter drop
counter name "things" drop
counter packets 7 bytes 9 tcp dport 80 drop
log; tcp dport 80 drop
log prefix "x" level info flags all tcp dport 80 drop
log group 1 tcp dport 80 drop
meta nftrace set 1 tcp dport 80 drop
tcp dport 80 drop comment "web"
meta priority set 1:2; tcp dport 80 drop
ip dscp set cs1; tcp dport 80 drop
ip ttl set 7; tcp dport 80 drop
ip6 hoplimit set 7; tcp dport 80 drop
tcp option maxseg size set rt mtu; tcp dport 80 drop
tcp flags syn tcp option maxseg size set 1200; tcp dport 22 drop
ct helper set "ftp"; tcp dport 80 drop
ct timeout set "long"; tcp dport 80 drop
ct label set 1; udp dport 53 drop
ct event set new; tcp dport 80 drop
add @seen { ip saddr }; tcp dport 80 drop
update @seen { ip saddr timeout 10s }; tcp dport 80 drop
add @lasting { ip saddr } drop
delete @lasting { ip saddr }; tcp dport 80 drop
meta mark set 7; meta mark 7 drop
tcp dport 80 meta mark set 1; meta mark 1 drop
meta mark set meta mark | 0x10; meta mark & 0x10 == 0 drop
meta mark set 5; meta mark set meta mark & 0xfffffffe; meta mark 4 drop
meta mark set 5; meta mark set meta mark ^ 4; meta mark 1 drop
ct mark set 9; ct mark 9 drop
meta mark set 3; ct mark set meta mark; ct mark 3 drop
ct mark set 3; meta mark set ct mark; meta mark 3 drop
meta mark set ip saddr map @tags; meta mark 1 drop
meta mark set ip saddr map @ranges; meta mark 2 drop
meta mark set ip saddr map { 10.0.0.5 : 1, 10.0.1.9 : 2 }; meta mark 2 drop
meta mark set tcp dport map { 1-100 : 1, 8080 : 2 }; meta mark 1 drop
tcp dport vmap { 22 : drop, 80 : accept }; drop
tcp dport vmap @gates; udp dport 53 drop
tcp dport vmap @spanned
tcp dport vmap { 1-100 : jump aside, 8080 : drop, * : return }; drop
ip saddr . tcp dport vmap @pairs; drop
ip saddr . tcp dport vmap { 10.0.0.0/24 . 1-100 : drop, * : accept }
iifname vmap { "in0" : drop, "in1" : accept }
iifname . meta l4proto vmap { "in0" . tcp : drop }
ct state vmap { established : accept, related : accept, invalid : drop, new : jump aside }
meta l4proto vmap { tcp : goto aside, udp : drop }
ip saddr vmap { 10.0.0.0/24 : drop, 10.0.1.0-10.0.1.9 : accept }; drop
icmp type vmap { echo-request : drop }
meta nfproto vmap { ipv4 : drop, ipv6 : accept }
fib daddr type vmap { local : accept, unicast : drop }
ct mark and 0x1 vmap { 0x0 : drop, 0x1 : accept }
notrack; ct state untracked drop
tcp dport 80 return; drop
tcp dport vmap { 80 : continue, 22 : accept } drop
meta l4proto { tcp, udp } th dport vmap { 53 : continue, 80 : continue } counter ip saddr 10.0.0.5 drop; accept
""".strip().splitlines()

UNKNOWN_RULES = """
queue num 0 bypass
queue to 0-3
tcp dport 80 queue
synproxy mss 1460 wscale 7
meta mark set numgen inc mod 4; meta mark 1 drop
meta mark set jhash ip saddr mod 4; meta mark 1 drop
update @seen { ip saddr limit rate 1/second } drop
add @lasting { ip saddr ct count over 3 } drop
tcp dport . meta length vmap { 80 . 20-60 : drop }
numgen inc mod 2 vmap { 0 : drop, 1 : accept }
ip saddr @leaving drop; tcp dport 80 drop
""".strip().splitlines()
