# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""IPv6 forwarding and the host's own default route.

The first IPv6 network, and every start of a daemon that has one stored, makes dockerd switch
net.ipv6.conf.all.forwarding on. With accept_ra=1 the kernel then drops the default route that it learned from a router
advertisement, at once, and learns no other (moby#43466; measured on 20.10.24, 26.1.5 and 28.5.2). accept_ra=2 on that
very interface, set before, keeps it; ``all`` and ``default`` do not help.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from ansible_collections.dms.ipv6.plugins.module_utils._daemon_steps import WriteFile
from ansible_collections.dms.ipv6.plugins.module_utils._plan import Step, Steps

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

SYSCTL_FILE = "/etc/sysctl.d/90-dms-ipv6.conf"
HEAD = "# Docker switches IPv6 forwarding on; without this the host would lose the default route of its router.\n"
FORWARDING = ("net/ipv6/conf/all/forwarding", "net/ipv6/conf/default/forwarding")


@dataclass(frozen=True)
class SetSysctl(Step):
    """Set a kernel setting now. The name has slashes, for an interface may have dots."""

    name: str
    value: str
    old: str

    def __str__(self) -> str:
        return f"set {self.name} = {self.value} (was {self.old})"

    def inverse(self) -> Step:
        """The old value."""
        return SetSysctl(self.name, self.old, self.value)


@dataclass(frozen=True)
class RestoreAcceptRa(Step):
    """Put an interface's accept_ra back, unless forwarding is on: then the host would lose its route after all."""

    interface: str
    value: str

    def __str__(self) -> str:
        return f"set {accept_ra(self.interface)} = {self.value} again, where IPv6 forwarding is off"

    def inverse(self) -> Step:
        """The route kept, before anything switches forwarding on again."""
        return KeepRoute(self.interface, self.value)


@dataclass(frozen=True)
class KeepRoute(Step):
    """Have an interface accept router advertisements although the host forwards (accept_ra=2)."""

    interface: str
    old: str

    def __str__(self) -> str:
        return f"set {accept_ra(self.interface)} = 2 (was {self.old}), so that the host keeps its IPv6 default route"

    def inverse(self) -> Step:
        """accept_ra as it was."""
        return RestoreAcceptRa(self.interface, self.old)


@dataclass(frozen=True)
class RestoreForwarding(Step):
    """Switch forwarding off again, which dockerd never does, and ask the routers to advertise themselves."""

    def __str__(self) -> str:
        return "switch IPv6 forwarding off again"


@dataclass(frozen=True)
class ForwardingComesOn(Step):
    """Nothing to carry out: says what dockerd will do, and knows the way back."""

    def __str__(self) -> str:
        return "Docker switches IPv6 forwarding on for the whole host (net.ipv6.conf.all.forwarding)"

    def inverse(self) -> Step:
        """Forwarding off."""
        return RestoreForwarding()


@dataclass(frozen=True)
class SwitchForwardingOn(Step):
    """Switch forwarding on, which dockerd leaves to others where its rules are tables of nftables."""

    def __str__(self) -> str:
        return "switch IPv6 forwarding on for the whole host (net.ipv6.conf.all.forwarding), as Docker does not here"

    def inverse(self) -> Step:
        """Forwarding off."""
        return RestoreForwarding()


def accept_ra(interface: str) -> str:
    """The name of an interface's setting."""
    return f"net/ipv6/conf/{interface}/accept_ra"


def guard(
    ra_default: Iterable[str],
    accepts: Mapping[str, str | None],
    forwards: bool,
    sysctl_file: bytes | None,
    by_engine: bool = True,
) -> Steps:
    """The steps before anything that switches forwarding on; none where they are not needed.

    Args:
        ra_default: interfaces with an IPv6 default route that the kernel learned by itself.
        accepts: interface -> accept_ra.
        forwards: whether the host forwards IPv6 already.
        sysctl_file: what SYSCTL_FILE holds, None if it is missing.
        by_engine: whether dockerd switches it on by itself.
    """
    lost = [one for one in ra_default if accepts.get(one) == "1"]
    switch = not forwards and not by_engine
    wanted = [f"{accept_ra(one)} = 2\n" for one in lost] + ([f"{FORWARDING[0]} = 1\n"] if switch else [])
    steps: list[Step] = []
    if wanted:
        lines = (sysctl_file or HEAD.encode()).decode().rstrip("\n") + "\n"
        lines += "".join(line for line in wanted if line not in lines)
        steps.append(WriteFile(SYSCTL_FILE, lines.encode(), "the same at every boot", old=sysctl_file, invertible=True))
        steps += [KeepRoute(one, "1") for one in lost]
    if not forwards:
        steps.append(SwitchForwardingOn() if switch else ForwardingComesOn())
    return tuple(steps)
