# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Harmless changes by programs and people who don't think of the firewall: containers, bans, addresses, settings."""

from __future__ import annotations

from random import Random

from .harmless_rules import NFT_HOSTS, Kind, Scripts, elsewhere, name, unused_port, word

ALL = (*NFT_HOSTS, "fw2")
# Networks of containers (docs.docker.com, "Networking overview") and of services (kubernetes.io, "Service ClusterIP").
DOCKER_START = """
iptables -N DOCKER 2>/dev/null || true
iptables -N DOCKER-USER 2>/dev/null || true
iptables -N DOCKER-FORWARD 2>/dev/null || true
iptables -A DOCKER-USER -j RETURN
iptables -A DOCKER-FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
iptables -A DOCKER-FORWARD -o docker0 -j DOCKER
iptables -A DOCKER-FORWARD -i docker0 -j ACCEPT
iptables -I FORWARD -j DOCKER-FORWARD
iptables -I FORWARD -j DOCKER-USER
iptables -t nat -N DOCKER 2>/dev/null || true
iptables -t nat -A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
iptables -t nat -A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE
"""
CONTAINER = """
iptables -A DOCKER -d {address}/32 ! -i docker0 -o docker0 -p tcp -m tcp --dport {inner} -j ACCEPT
iptables -t nat -A DOCKER ! -i docker0 -p tcp -m tcp --dport {outer} -j DNAT --to-destination {address}:{inner}
"""
KUBE = """
iptables -t nat -N KUBE-SERVICES
iptables -t nat -N KUBE-MARK-MASQ
iptables -t nat -N KUBE-POSTROUTING
iptables -t nat -N KUBE-SVC-{key}
iptables -t nat -A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
iptables -t nat -A POSTROUTING -m comment --comment "kubernetes postrouting rules" -j KUBE-POSTROUTING
iptables -t nat -A KUBE-MARK-MASQ -j MARK --set-xmark 0x4000/0x4000
iptables -t nat -A KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN
iptables -t nat -A KUBE-POSTROUTING -j MARK --set-xmark 0x4000/0x0
iptables -t nat -A KUBE-POSTROUTING -j MASQUERADE
iptables -t nat -A KUBE-SERVICES -d 10.96.0.{number}/32 -p tcp -m tcp --dport {port} -j KUBE-SVC-{key}
iptables -t nat -A KUBE-SVC-{key} ! -s 10.244.0.0/16 -d 10.96.0.{number}/32 -p tcp -m tcp --dport {port} -j KUBE-MARK-MASQ
iptables -t nat -A KUBE-SVC-{key} -p tcp -j DNAT --to-destination 10.244.0.{number}:{port}
"""


def container(random: Random) -> str:
    address, inner = f"172.17.0.{random.randrange(2, 255)}", unused_port(random)
    return CONTAINER.format(address=address, inner=inner, outer=unused_port(random))


def docker_starts(random: Random) -> Scripts:
    return {random.choice(["fw1", "fw2"]): DOCKER_START + container(random)}


def docker_on_an_application_host(random: Random) -> Scripts:
    return {random.choice(["app01", "app05", "app10"]): DOCKER_START + container(random) + container(random)}


def containers_come_and_go(random: Random) -> Scripts:
    gone = container(random)
    churn = [container(random) for _number in range(random.randrange(1, 4))]
    return {"fw2": DOCKER_START + gone + "".join(churn) + gone.replace(" -A ", " -D ")}


def docker_by_nft(random: Random) -> Scripts:
    outer = unused_port(random)
    chain = f"tcp dport {outer} fib daddr type local dnat ip to 172.17.0.{random.randrange(2, 255)}:80"
    return {
        "fw1": "nft -f - <<'NFT'\ntable ip docker-bridges {\n"
        " chain nat-prerouting { type nat hook prerouting priority dstnat; policy accept; " + chain + "; }\n"
        " chain filter-FORWARD { type filter hook forward priority filter; policy accept;"
        ' oifname "docker0" drop; }\n}\nNFT\n'
    }


def kube_proxy(random: Random) -> Scripts:
    key = f"{random.randrange(16**8):08X}"
    return {
        random.choice(["fw1", "fw2"]): KUBE.format(
            key=key, number=random.randrange(2, 255), port=unused_port(random)
        )
    }


def ban_by_nft(random: Random) -> Scripts:
    addresses = ", ".join({elsewhere(random) for _number in range(random.randrange(1, 5))})
    return {
        random.choice(["fw1", "db1"]): "nft -f - <<'NFT'\ntable inet f2b-table {\n"
        f" set addr-set-sshd {{ type ipv4_addr; elements = {{ {addresses} }}; }}\n"
        " chain f2b-chain { type filter hook input priority filter - 1; policy accept;"
        " tcp dport 22 ip saddr @addr-set-sshd reject with icmp port-unreachable; }\n}\nNFT\n"
    }


def ban_by_iptables(random: Random) -> Scripts:
    bans = "".join(
        f"iptables -I f2b-sshd -s {elsewhere(random)} -j REJECT --reject-with icmp-port-unreachable\n"
        for _number in range(random.randrange(1, 5))
    )
    return {
        random.choice(["fw2", "db2"]): "iptables -N f2b-sshd\niptables -A f2b-sshd -j RETURN\n"
        f"iptables -I INPUT -p tcp -m multiport --dports 22 -j f2b-sshd\n{bans}"
    }


def ban_in_an_ipset(random: Random) -> Scripts:
    new = name(random)
    return {
        "fw2": f"ipset create {new} hash:ip timeout 600\nipset add {new} {elsewhere(random)}\n"
        f"iptables -I INPUT -p tcp --dport 22 -m set --match-set {new} src -j DROP\n"
    }


def ban_of_all_traffic(random: Random) -> Scripts:
    return {"fw1": f"nft insert rule inet filter forward ip saddr {elsewhere(random)} drop comment banned\n"}


def setting(random: Random) -> Scripts:
    name_, values = random.choice(
        [
            ("net.ipv4.tcp_fin_timeout", (30, 45)),
            ("net.ipv4.tcp_keepalive_time", (600, 1200)),
            ("net.core.somaxconn", (1024, 2048)),
            ("net.ipv4.ip_local_port_range", ('"20000 60999"', '"15000 61000"')),
            ("net.ipv4.conf.all.log_martians", (1,)),
            ("net.ipv4.conf.all.send_redirects", (0,)),
            ("net.ipv4.icmp_echo_ignore_broadcasts", (0, 1)),
            ("net.ipv4.tcp_syncookies", (1, 2)),
            ("net.ipv6.conf.all.hop_limit", (63, 128)),
        ]
    )
    return {random.choice(ALL): f"sysctl -q -w {name_}={random.choice(values)}\n"}


def conntrack_timeout(random: Random) -> Scripts:
    value = random.randrange(3600, 400000)
    return {
        random.choice(
            ["fw1", "fw2"]
        ): f"sysctl -q -w net.netfilter.nf_conntrack_tcp_timeout_established={value}\n"
    }


def interface_added(random: Random) -> Scripts:
    new = f"test{random.randrange(1000)}"
    return {
        random.choice(
            ALL
        ): f"ip link add {new} type veth peer name {new}p\nip address add {elsewhere(random)}/32 dev {new}\n"
        f"ip link set {new} up\n"
    }


def bridge_added(random: Random) -> Scripts:
    third = random.randrange(18, 32)
    return {
        random.choice(
            ALL
        ): f"ip link add docker0 type bridge\nip address add 172.{third}.0.1/16 dev docker0\n"
        "ip link set docker0 up\n"
    }


def address_added(random: Random) -> Scripts:
    return {random.choice(ALL): f"ip address add {elsewhere(random)}/32 dev lo\n"}


def alias_added(random: Random) -> Scripts:
    host, device = random.choice([("db1", "db0"), ("fw1", "app0"), ("app05", "mgmt0")])
    return {host: f"ip address add {elsewhere(random)}/32 dev {device}\n"}


def route_added(random: Random) -> Scripts:
    network = f"{elsewhere(random).rpartition('.')[0]}.0/24"
    way = random.choice(["blackhole {}", "{} dev mgmt0", "unreachable {}"])
    return {random.choice(ALL): f"ip route add {way.format(network)}\n"}


def route_rule_added(random: Random) -> Scripts:
    table, network = random.randrange(100, 200), f"{elsewhere(random).rpartition('.')[0]}.0/24"
    return {
        random.choice(["fw1", "app01", "db1"]): f"ip route add {network} dev mgmt0 table {table}\n"
        f"ip rule add from {network} lookup {table}\n"
    }


def route_split(random: Random) -> Scripts:
    host = random.choice(["app01", "app05", "app10"])
    return {
        host: "ip route add 10.20.1.0/25 via 10.10.1.1\nip route add 10.20.1.128/25 via 10.10.1.1\n"
        "ip route del 10.20.1.0/24\n"
    }


def route_metric(random: Random) -> Scripts:
    host, metric = random.choice(["app01", "app05"]), random.randrange(10, 1000)
    return {
        host: f"ip route add 10.20.1.0/24 via 10.10.1.1 metric {metric}\nip route del 10.20.1.0/24 metric 0\n"
    }


def neighbours_forgotten(random: Random) -> Scripts:
    return {random.choice(ALL): "ip neigh flush all\n"}


def connections_forgotten(random: Random) -> Scripts:
    return {random.choice(["fw1", "fw2"]): "conntrack -F\n"}


def release_of_the_shop(random: Random) -> Scripts:
    version = f"1.{random.randrange(100)}.{random.randrange(100)}"
    script = f"echo {version} > /opt/pathguard-app/VERSION\npathguard-app restart\n"
    return dict.fromkeys(("app01", "app05"), script)


def name_added(random: Random) -> Scripts:
    return {random.choice(ALL): f"echo '{elsewhere(random)} {name(random)} # {word(random)}' >> /etc/hosts\n"}


def listener_added(random: Random) -> Scripts:
    port = unused_port(random)
    program = f'import socket,time; s=socket.create_server(("127.0.0.1", {port})); time.sleep(600)'
    return {
        random.choice(
            ["db1", "app05"]
        ): f"setsid python3 -c '{program}' </dev/null >/dev/null 2>&1 &\nsleep 0.2\n"
    }


def database_setting(random: Random) -> Scripts:
    value = random.randrange(4, 64)
    return {
        "db1": f"echo 'work_mem = {value}MB' >> /var/lib/postgresql/main/postgresql.conf\n"
        "/usr/local/sbin/lab-postgresql restart\n"
    }


HOSTS: tuple[Kind, ...] = (
    docker_starts,
    docker_on_an_application_host,
    containers_come_and_go,
    docker_by_nft,
    kube_proxy,
    ban_by_nft,
    ban_by_iptables,
    ban_in_an_ipset,
    ban_of_all_traffic,
    setting,
    conntrack_timeout,
    interface_added,
    bridge_added,
    address_added,
    alias_added,
    route_added,
    route_rule_added,
    route_split,
    route_metric,
    neighbours_forgotten,
    connections_forgotten,
    release_of_the_shop,
    name_added,
    listener_added,
    database_setting,
)
