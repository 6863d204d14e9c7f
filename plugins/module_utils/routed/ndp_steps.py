# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can be done to have a host answer for its containers' addresses, step by step."""

from __future__ import annotations

from dataclasses import dataclass

from ..change.plan import Step

PROXY_NDP = "proxy_ndp"


@dataclass(frozen=True)
class PlaceUnit(Step):
    """Have our systemd unit with this content, enabled and running; ``content`` None ends and removes it.

    Attributes:
        old: its content before, None if it was not there.
    """

    unit: str
    content: bytes | None
    old: bytes | None
    prefix: str
    interface: str
    backend: str

    def __str__(self) -> str:
        if self.content is None:
            return f"stop and remove {self.unit}, which answers for {self.prefix} on {self.interface}"
        return f"run {self.unit}, now and at every boot: it answers for {self.prefix} on {self.interface}"

    def inverse(self) -> Step:
        """The unit as it was."""
        return PlaceUnit(self.unit, self.old, self.content, self.prefix, self.interface, self.backend)


@dataclass(frozen=True)
class PlaceDropIn(Step):
    """Have our drop-in for systemd-networkd with this content, in force; ``content`` None removes it."""

    path: str
    content: bytes | None
    old: bytes | None
    prefix: str
    interface: str
    backend: str

    def __str__(self) -> str:
        if self.content is None:
            return f"remove {self.path}, and have systemd-networkd answer for {self.prefix} no more"
        return f"write {self.path}, and have systemd-networkd answer for {self.prefix} on {self.interface}"

    def inverse(self) -> Step:
        """The drop-in as it was."""
        return PlaceDropIn(self.path, self.old, self.content, self.prefix, self.interface, self.backend)
