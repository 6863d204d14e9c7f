# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Our engine's network namespace, and the guard that counts and drops what tries to leave it."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from lab.base import LabError, find_tool, run, state_dir

TABLE = "dms_lab_guard"
# Packets to anything else have no business in the lab: counted, remembered by source and destination, dropped.
RULES = f"""
table inet {TABLE} {{
  counter strays {{ }}
  set seen4 {{ type ipv4_addr . ipv4_addr; flags dynamic; size 4096; counter; }}
  set seen6 {{ type ipv6_addr . ipv6_addr; flags dynamic; size 4096; counter; }}
  chain judge {{
    ip daddr {{ 198.18.0.0/15, 127.0.0.0/8, 169.254.0.0/16, 224.0.0.0/4, 255.255.255.255 }} return
    ip6 daddr {{ fd5c:1ab0::/32, ::1, fe80::/10, ff00::/8, 2001:2::/48 }} return
    counter name strays
    meta nfproto ipv4 update @seen4 {{ ip saddr . ip daddr }}
    meta nfproto ipv6 update @seen6 {{ ip6 saddr . ip6 daddr }}
    drop
  }}
  chain prerouting {{ type filter hook prerouting priority raw; policy accept; jump judge; }}
  chain output {{ type filter hook output priority raw; policy accept; jump judge; }}
}}
"""


def holder() -> Path:
    """The file that keeps the namespace; one of our own, so that /run/netns and its mount stay as they are."""
    return state_dir() / "netns"


def make_namespace() -> None:
    """Make the namespace and its guard unless they are there."""
    if not os.path.ismount(holder()):  # Path.is_mount knows only folders
        holder().touch()
        run(["unshare", f"--net={holder()}", "ip", "link", "set", "lo", "up"], "making the network namespace")
    if TABLE not in in_namespace("nft", "list", "tables"):
        in_namespace("nft", "-f", "-", text_in=RULES)


def in_namespace(*argv: str, text_in: str | None = None) -> str:
    """Run a program in the namespace. Not by `ip netns exec`, which would hide the control groups."""
    program = find_tool(argv[0])
    if program is None:
        raise LabError(f"{argv[0]} is missing; install it")
    return run(["nsenter", f"--net={holder()}", program, *argv[1:]], f"lab namespace, {argv[0]}", text_in=text_in)


def ignore_bridged() -> None:
    """Bridged packets never leave the lab; only what is handed to the gateway is the guard's business."""
    for family in ("iptables", "ip6tables"):
        in_namespace("sysctl", "-qe", "-w", f"net.bridge.bridge-nf-call-{family}=0")


def read_guard() -> dict[str, Any]:
    """Packets that tried to leave the lab, and between which addresses."""
    rows = json.loads(in_namespace("nft", "-j", "list", "table", "inet", TABLE))["nftables"]
    packets = next(row["counter"]["packets"] for row in rows if "counter" in row)
    strays = []
    for row in rows:
        for item in row.get("set", {}).get("elem", []):
            source, target = item["elem"]["val"]["concat"]
            strays.append({"from": source, "to": target})
    return {"packets": packets, "strays": strays}


def reset_guard() -> None:
    """Begin counting at zero again."""
    in_namespace("nft", "-f", "-", text_in=f"delete table inet {TABLE}\n{RULES}")
