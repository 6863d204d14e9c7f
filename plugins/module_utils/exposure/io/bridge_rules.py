# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the host itself names a bridge of Docker's: in files of its firewall and network, in rules not of Docker's."""

from __future__ import annotations

import glob
import re

from ...system.io import files as system_files
from ...system.io import programs as system_programs

FILES = (
    "/etc/ufw/*.rules",
    "/etc/nftables.conf",
    "/etc/nftables.d/*",
    "/etc/iptables/*",
    "/etc/firewalld/*.xml",
    "/etc/firewalld/*/*.xml",
    "/etc/ndppd.conf",
    "/etc/network/interfaces",
    "/etc/network/interfaces.d/*",
    "/etc/systemd/network/*",
)
# The one chain that Docker leaves to its user; and the tables that the iptables commands and Docker itself make: not
# inet filter, as in Debian's example of a firewall.
USER_CHAIN = "DOCKER-USER"
FAMILIES = ("ip", "ip6")
OTHERS = ("filter", "nat", "raw", "mangle", "security", "docker-bridges")
# Of mailcow's netfilter container.
KNOWN = ("MAILCOW",)


def naming(interface: str) -> tuple[str, ...]:
    """The places that name an interface: paths, chains, tables."""
    word = re.compile(rf"(?<![\w-]){re.escape(interface)}(?![\w-])")
    found = [path for pattern in FILES for path in sorted(glob.glob(pattern)) if word.search(_text(path))]
    for program in ("iptables", "ip6tables"):
        if word.search(system_programs.said(program, "-S", USER_CHAIN)):
            found.append(f"{program} chain {USER_CHAIN}")
    return (*found, *(f"nftables table {name}" for name, body in _tables() if word.search(body)))


def foreign_chains() -> tuple[str, ...]:
    """Chains of the packet filter for IPv4 that other software is known to have made."""
    return tuple(name for name in KNOWN if system_programs.said("iptables", "-S", name))


def _tables() -> list[tuple[str, str]]:
    """(name, body) of the tables of nftables that neither Docker nor the iptables commands have made."""
    parts = re.split(r"^table (\w+) (\S+) \{", system_programs.said("nft", "list", "ruleset"), flags=re.MULTILINE)
    tables = zip(parts[1::3], parts[2::3], parts[3::3])
    return [(name, body) for family, name, body in tables if family not in FAMILIES or name not in OTHERS]


def _text(path: str) -> str:
    return (system_files.peek(path) or b"").decode(errors="replace")
