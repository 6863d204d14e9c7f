# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Our table of nftables: read, loaded, and kept over a reboot."""

from __future__ import annotations

import os
import typing as t

from ansible_collections.dms.ipv6.plugins.module_utils import (
    _io_files,
    _io_program,
    _nft_table,
    _routed_firewall,
    _state_host,
)
from ansible_collections.dms.ipv6.plugins.module_utils._refused import Refused

if t.TYPE_CHECKING:
    from ansible_collections.dms.ipv6.plugins.module_utils._routed_firewall import DisableUnit, EnableUnit, LoadTable

WANTS = f"/etc/systemd/system/sysinit.target.wants/{_routed_firewall.UNIT}"


def read() -> _state_host.TableFiles:
    """What there is of it. The kernel is asked only where something of ours is, as asking loads its modules."""
    file, unit = _io_files.peek(_routed_firewall.FILE), _io_files.peek(_routed_firewall.UNIT_FILE)
    enabled = os.path.lexists(WANTS)
    if file is None and unit is None and not enabled:
        return _state_host.TableFiles()
    listing = _io_program.said("nft", "-s", "list", "table", "ip6", _nft_table.NAME)
    return _state_host.TableFiles(file, unit, enabled, listing)


def load(step: LoadTable) -> None:
    """Replace the table in the kernel. Without the program there is none to be removed."""
    if not step.text and _io_program.run("nft", "--version") is None:
        return
    _must("load the firewall", "-f", "-", stdin=step.text or _nft_table.EMPTY)


def enable(step: EnableUnit) -> None:
    """Have it loaded at every boot, and again whenever the ruleset is replaced."""
    _io_program.systemctl("daemon-reload")
    _io_program.systemctl("enable", "--now", step.unit)


def disable(step: DisableUnit) -> None:
    """No longer; it may never have been."""
    _io_program.systemctl("disable", "--now", step.unit, needed=False)


def admit(address: str, port: int, seconds: int) -> None:
    """Open a port of the responder's for a while."""
    element = f"{{ {address} . {port} timeout {seconds}s }}"
    _must("open the responder's port", "add", "element", "ip6", _nft_table.NAME, _nft_table.PROBE, element)


def admit_nobody() -> None:
    """Close whatever was opened for a responder; where the table is gone, there is nothing to close."""
    if _io_files.peek(_routed_firewall.FILE) is not None:
        _io_program.run("nft", "flush", "set", "ip6", _nft_table.NAME, _nft_table.PROBE)


def _must(doing: str, *arguments: str, stdin: str = "") -> None:
    done = _io_program.run("nft", *arguments, stdin=stdin, timeout=_io_program.CHANGE)
    if done is None:
        raise Refused(f"cannot {doing}: there is no program nft", remedy="Install the package nftables")
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        raise Refused(f"cannot {doing}: nft says: {said[0] if said else done.returncode}")
