# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The firewall of containers with public addresses on a host: its file, the unit that loads it at boot, the kernel's.

The steps from what is found to a table wanted, or to none.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from ..change.file_steps import WriteFile
from ..change.plan import Plan, Step
from ..state import host as state_host
from . import nft_table

if t.TYPE_CHECKING:
    from .nft_table import Table

FILE = "/etc/dms-ipv6.nft"
UNIT = "dms-ipv6-firewall.service"
UNIT_FILE = f"/etc/systemd/system/{UNIT}"
# Loaded before any interface is up, and again after what begins with an empty ruleset (Debian's /etc/nftables.conf).
UNIT_TEXT = f"""\
[Unit]
Description=Firewall of containers with public IPv6 addresses (dms.ipv6)
DefaultDependencies=no
Wants=network-pre.target
After=local-fs.target nftables.service
Before=network-pre.target docker.service shutdown.target
Conflicts=shutdown.target
PartOf=nftables.service
ReloadPropagatedFrom=nftables.service

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/sbin/nft -f {FILE}
ExecReload=/usr/sbin/nft -f {FILE}

[Install]
WantedBy=sysinit.target
"""
CLOSED = "everything else that comes from outside is dropped"


@dataclass(frozen=True)
class LoadTable(Step):
    """Replace the table in the kernel, in one piece; ``text`` empty removes it, and ``old`` is the way back."""

    text: str
    old: str = ""

    def inverse(self) -> Step:
        """The table that was there."""
        return LoadTable(self.old, self.text)

    def __str__(self) -> str:
        table = nft_table.parse(self.text)
        if table is None:
            return f"remove the table ip6 {nft_table.NAME} from the kernel"
        ports = ", ".join(map(str, table.ports)) or "none"
        return f"load the firewall of {table.subnet}: open ports: {ports}; {CLOSED}"


@dataclass(frozen=True)
class EnableUnit(Step):
    """Have systemd load the file at every boot; ``old`` says whether it does already, of a unit that was changed."""

    unit: str
    old: bool = False

    def inverse(self) -> Step | None:
        """Not any more."""
        return None if self.old else DisableUnit(self.unit)

    def __str__(self) -> str:
        return f"enable {self.unit}, which loads it at every boot"


@dataclass(frozen=True)
class DisableUnit(Step):
    """Have systemd leave it alone."""

    unit: str

    def inverse(self) -> Step:
        """Loaded at every boot."""
        return EnableUnit(self.unit)

    def __str__(self) -> str:
        return f"disable {self.unit}"


def plan(wanted: Table | None, found: state_host.TableFiles) -> Plan:
    """The steps to a table, or to none."""
    before = (found.file or b"").decode(errors="replace")
    steps = _present(wanted, found, before) if wanted else _absent(found, before)
    return Plan(before, wanted.text if wanted else "", tuple(steps))


def _present(wanted: Table, found: state_host.TableFiles, before: str) -> t.Iterator[Step]:
    content, unit = wanted.text.encode(), UNIT_TEXT.encode()
    if found.file != content:
        why = f"the firewall of the containers in {wanted.subnet}"
        yield WriteFile(FILE, content, why, found.file, True)
    if found.unit != unit:
        yield WriteFile(UNIT_FILE, unit, "loads it at every boot", found.unit, True)
    if not wanted.loaded(found.listing):
        yield LoadTable(wanted.text, before if found.listing else "")
    if found.unit != unit or not found.enabled:
        yield EnableUnit(UNIT, found.enabled)


def _absent(found: state_host.TableFiles, before: str) -> t.Iterator[Step]:
    if found.enabled:
        yield DisableUnit(UNIT)
    if found.listing:
        yield LoadTable("", before)
    for path, content in ((UNIT_FILE, found.unit), (FILE, found.file)):
        if content is not None:
            yield WriteFile(path, None, "containers have no public addresses any more", content, True)
