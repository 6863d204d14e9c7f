# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Our table of nftables: read, loaded, and kept over a reboot."""

from __future__ import annotations

import os
import typing as t

from ...core.refused import Refused
from ...state import host as state_host
from ...system.io import files as system_files
from ...system.io import programs as system_programs
from .. import firewall as routed_firewall
from .. import nft_table

if t.TYPE_CHECKING:
    from ..firewall import DisableUnit, EnableUnit, LoadTable

WANTS = f"/etc/systemd/system/sysinit.target.wants/{routed_firewall.UNIT}"


def read() -> state_host.TableFiles:
    """What there is of it. The kernel is asked only if our file or unit is there, because asking loads its modules."""
    file, unit = system_files.peek(routed_firewall.FILE), system_files.peek(routed_firewall.UNIT_FILE)
    enabled = os.path.lexists(WANTS)
    if file is None and unit is None and not enabled:
        return state_host.TableFiles()
    listing = system_programs.said("nft", "-s", "list", "table", "ip6", nft_table.NAME)
    return state_host.TableFiles(file, unit, enabled, listing)


def load(step: LoadTable) -> None:
    """Replace the table in the kernel. Without the program there is none to be removed."""
    if not step.text and system_programs.run("nft", "--version") is None:
        return
    _must("load the firewall", "-f", "-", stdin=step.text or nft_table.EMPTY)


def enable(step: EnableUnit) -> None:
    """Have it loaded at every boot, and again whenever the ruleset is replaced."""
    system_programs.systemctl("daemon-reload")
    system_programs.systemctl("enable", "--now", step.unit)


def disable(step: DisableUnit) -> None:
    """No longer; it may never have been."""
    system_programs.systemctl("disable", "--now", step.unit, needed=False)


def admit(address: str, port: int, seconds: int) -> None:
    """Open a port of the responder's for a while."""
    element = f"{{ {address} . {port} timeout {seconds}s }}"
    _must("open the responder's port", "add", "element", "ip6", nft_table.NAME, nft_table.PROBE, element)


def admit_nobody() -> None:
    """Close whatever was opened for a responder; where the table is gone, there is nothing to close."""
    if system_files.peek(routed_firewall.FILE) is not None:
        system_programs.run("nft", "flush", "set", "ip6", nft_table.NAME, nft_table.PROBE)


def _must(doing: str, *arguments: str, stdin: str = "") -> None:
    done = system_programs.run("nft", *arguments, stdin=stdin, timeout=system_programs.CHANGE)
    if done is None:
        raise Refused(f"cannot {doing}: there is no program nft", remedy="Install the package nftables")
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        raise Refused(f"cannot {doing}: nft says: {said[0] if said else done.returncode}")
