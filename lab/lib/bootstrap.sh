# shellcheck shell=bash
# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# What lab/up, lab/demo and tests/run need before they can start: root, packages, interpreters,
# virtual environments. To be sourced. Results go to standard output, everything else to standard error.

pg_repository=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.." && pwd -P)
pg_cache=${XDG_CACHE_HOME:-$HOME/.cache}/pathguard
# What the lab's own programs and hosts need, as Debian and Ubuntu call it.
# shellcheck disable=SC2034 # for those who source this
pg_lab_packages=(python3 python3-psycopg2 openssh-server openssh-client nftables iptables ipset conntrack
    iproute2 procps sudo postgresql openssl util-linux)
# Services that installing those packages (or what they depend on) would switch on at the machine's next boot.
declare -A pg_package_units=([openssh-server]="ssh.service ssh.socket" [postgresql-common]=postgresql.service
    [nftables]=nftables.service [ufw]=ufw.service)

pg_say() { printf '%s\n' "$*" >&2; }

# pg_fail MESSAGE [WHAT TO DO]: the one way to give up. pg_name: who speaks, where a file's name is not enough.
pg_fail() {
    pg_say "${pg_name:-${0##*/}}: $1"
    if [[ $# -gt 1 ]]; then pg_say "what to do: $2"; fi
    exit 1
}

# pg_root SCRIPT [ARGUMENT...]: returns when we are root, else starts SCRIPT again through sudo.
pg_root() {
    if [[ $EUID -eq 0 ]]; then return 0; fi
    command -v sudo >/dev/null ||
        pg_fail "this needs root (namespaces, firewalls and mounts of the lab), and there is no sudo" "run it as root"
    if ! sudo -n true 2>/dev/null && [[ ! -t 0 && ! -t 2 ]]; then
        pg_fail "this needs root, and sudo would ask for a password where nobody can type one" \
            "run it as root, or from a terminal"
    fi
    local script
    script=$(cd -- "$(dirname -- "$1")" && pwd -P)/${1##*/}
    shift
    # HOME becomes root's (-H): the lab's state and environments must not end up in a user's home, owned by root.
    exec sudo -H --preserve-env=XDG_STATE_HOME,XDG_CACHE_HOME,CI,PIP_INDEX_URL,PIP_EXTRA_INDEX_URL,PIP_FIND_LINKS,PIP_CERT,http_proxy,https_proxy,no_proxy,PYTEST_ADDOPTS,PATHGUARD_KERNEL_RULESETS,PATHGUARD_KERNEL_PATHS,PATHGUARD_KERNEL_SEED \
        -- "$script" "$@"
}

_pg_missing() {
    local package
    for package in "$@"; do
        # shellcheck disable=SC2016 # dpkg-query's own variable
        [[ $(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null) == installed ]] || printf '%s\n' "$package"
    done
}

# _pg_switch_off PACKAGE...: the services of those that are installed don't start at boot. A unit at a time,
# because systemctl does nothing at all where it doesn't know one of several. Works in a chroot, too.
_pg_switch_off() {
    local package unit
    local -a off=()
    if ! command -v systemctl >/dev/null; then return 0; fi
    for package in "$@"; do
        if [[ -n $(_pg_missing "$package") ]]; then continue; fi
        for unit in ${pg_package_units[$package]}; do
            if systemctl is-enabled --quiet "$unit" 2>/dev/null &&
                systemctl disable --quiet "$unit" >/dev/null 2>&1 </dev/null; then
                off+=("$unit")
            fi
        done
    done
    if [[ ${#off[@]} -gt 0 ]]; then pg_say "switched off at boot, as they came with these packages: ${off[*]}"; fi
}

# pg_packages PACKAGE...: installs those that are missing (Debian, Ubuntu). Their services are not started
# and not enabled on the machine: the lab runs its own copies in its namespaces. The services of packages that
# were there before stay as they are.
pg_packages() {
    local -a missing absent
    local log policy=/usr/sbin/policy-rc.d own_policy=''
    if ! { command -v dpkg-query && command -v apt-get; } >/dev/null; then
        pg_fail "this machine has no apt: packages can only be installed by themselves on Debian and Ubuntu" \
            "install what these packages hold: $*"
    fi
    mapfile -t missing < <(_pg_missing "$@")
    if [[ ${#missing[@]} -eq 0 ]]; then return 0; fi
    [[ $EUID -eq 0 ]] || pg_fail "packages are missing: ${missing[*]}" "install them as root: apt-get install ${missing[*]}"
    pg_say "installing packages: ${missing[*]}"
    mapfile -t absent < <(_pg_missing "${!pg_package_units[@]}")
    log=$(mktemp)
    if [[ ! -e $policy ]]; then
        printf '#!/bin/sh\nexit 101\n' >"$policy"
        chmod 0755 "$policy"
        own_policy=$policy
    fi
    local done=yes
    export DEBIAN_FRONTEND=noninteractive
    # A mirror that takes connections and says nothing would hold apt for many minutes.
    local -a patience=(-o Acquire::http::Timeout=20 -o Acquire::https::Timeout=20 -o Acquire::Retries=1)
    apt-get "${patience[@]}" update -q </dev/null >"$log" 2>&1 || true
    apt-get "${patience[@]}" install -q -y --no-install-recommends "${missing[@]}" </dev/null >>"$log" 2>&1 || done=no
    if [[ -n $own_policy ]]; then rm -f "$own_policy"; fi
    _pg_switch_off "${absent[@]}"
    if [[ $done == no ]]; then
        grep -E '^(E|Err|W):?' "$log" | tail -n 3 >&2
        rm -f "$log"
        pg_fail "apt-get could not install: ${missing[*]}" "check the network and the package sources of this machine, then try again"
    fi
    rm -f "$log"
}

# pg_python VERSION: prints the path of a Python of that version ("3.11"), or nothing.
pg_python() {
    local version=$1 home candidate
    local -a homes=("$HOME") candidates
    if [[ -n ${SUDO_USER:-} ]] && home=$(getent passwd "$SUDO_USER" | cut -d: -f6) && [[ -n $home ]]; then
        homes+=("$home")
    fi
    candidates=("/usr/bin/python$version" "/usr/local/bin/python$version" /usr/bin/python3)
    if candidate=$(type -P "python$version"); then candidates+=("$candidate"); fi
    for home in "${homes[@]}"; do
        candidates+=("$home/.pyenv/versions/$version".*/bin/python)
    done
    for candidate in "${candidates[@]}"; do
        if [[ -x $candidate && $(_pg_python_version "$candidate") == "$version" ]]; then
            printf '%s\n' "$candidate"
            return 0
        fi
    done
}

_pg_python_version() {
    "$1" -I -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null </dev/null || true
}

# pg_venv NAME PYTHON REQUIREMENTS: prints the folder of a virtual environment that holds them. Its name
# carries a hash of the requirements and the interpreter, so that a change of either makes a new one.
pg_venv() {
    local name=$1 python=$2 requirements=$3 key folder log
    [[ -x $python ]] || pg_fail "no such Python: $python" "install it, or name another one"
    [[ -r $requirements ]] || pg_fail "can't read the requirements $requirements"
    key=$({ "$python" -I -VV; printf '%s\n' "$python"; cat -- "$requirements"; } | sha256sum | cut -c1-12)
    folder=$pg_cache/venvs/$name-$key
    if [[ ! -e $folder/complete ]]; then
        mkdir -p "$pg_cache/venvs"
        (
            flock 9
            if [[ -e $folder/complete ]]; then exit 0; fi
            pg_say "making the Python environment $name ($("$python" -V 2>&1))"
            "$python" -I -c 'import ensurepip, venv' 2>/dev/null ||
                pg_packages "$([[ $python == /usr/bin/python3 ]] && echo python3-venv || echo "python$(_pg_python_version "$python")-venv")"
            rm -rf "$folder"
            log=$(mktemp)
            if ! { "$python" -I -m venv "$folder" &&
                "$folder/bin/python" -m pip install -q --disable-pip-version-check --no-input --retries 2 \
                    -r "$requirements"; } </dev/null >"$log" 2>&1; then
                grep -vE '^(WARNING|\[notice\])' "$log" | tail -n 2 | cut -c1-300 >&2
                rm -rf "$log" "$folder"
                pg_fail "pip could not install what ${requirements##*/} asks for" \
                    "check that pip reaches a package index (PIP_INDEX_URL, proxy), then try again"
            fi
            rm -f "$log"
            : >"$folder/complete"
        ) 9>"$folder.lock" || {
            rm -f "$folder.lock"
            exit 1
        }
        rm -f "$folder.lock"
    fi
    printf '%s\n' "$folder"
}

# pg_collections: prints the folder for ANSIBLE_COLLECTIONS_PATH under which this repository is
# ansible_collections/pathguard/network.
pg_collections() {
    local folder
    folder=$pg_cache/collections-$(printf '%s' "$pg_repository" | sha256sum | cut -c1-12)
    mkdir -p "$folder/ansible_collections/pathguard"
    ln -sfn -- "$pg_repository" "$folder/ansible_collections/pathguard/network"
    printf '%s\n' "$folder"
}

# pg_lab COMMAND [ARGUMENT...]: becomes the lab's program. The system's Python runs it (standard library
# only), and leaves no compiled files in the repository.
pg_lab() {
    exec /usr/bin/python3 -I -B -c '
import sys
sys.path.insert(0, sys.argv.pop(1))
from pathguard_lab.cli import main
sys.exit(main())' "$pg_repository/lab" "$@"
}
