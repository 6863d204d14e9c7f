# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""IPv6 forwarding and the host's own default route.

The first IPv6 network, and every start of a daemon that has one stored, makes dockerd switch
net.ipv6.conf.all.forwarding on. With accept_ra=1 the kernel then drops the default route that it learned from a router
advertisement, at once, and learns no other (moby#43466; measured on 20.10.24, 26.1.5 and 28.5.2). accept_ra=2 on that
very interface, set before, keeps it; ``all`` and ``default`` do not help.

With its nftables backend (from Docker Engine 29) dockerd switches nothing on, and refuses IPv6 networks instead
(moby#50646): then it is up to us, with the same guard.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from ..change.file_steps import WriteFile
from ..change.plan import Step, Steps
from ..core.refused import Refused
from ..state import host as state_host

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

SYSCTL_FILE = "/etc/sysctl.d/90-dms-ipv6.conf"
# Where a boot takes settings from, in the order of the files' names (sysctl.d(5)).
SYSCTL_FILES = tuple(f"{folder}/sysctl.d/*.conf" for folder in ("/etc", "/run", "/usr/local/lib", "/usr/lib"))
SYSCTL_CONF = "/etc/sysctl.conf"
HEAD = "# Docker switches IPv6 forwarding on; without this the host would lose the default route of its router.\n"
FORWARDING_HEAD = "# Docker's nftables backend does not switch IPv6 forwarding on.\n"
FORWARDING = ("net/ipv6/conf/all/forwarding", "net/ipv6/conf/default/forwarding")


@dataclass(frozen=True)
class SetSysctl(Step):
    """Set a kernel setting now. The name has slashes, because an interface may have dots."""

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
    """Says what dockerd will do, or does it where dockerd does not, and knows the way back.

    ``again``: dockerd did, when it made its first IPv6 network, and something has switched it off since.
    """

    by_docker: bool = True
    again: bool = False

    def __str__(self) -> str:
        what = "IPv6 forwarding on for the whole host (net.ipv6.conf.all.forwarding)"
        if self.by_docker:
            return f"Docker switches {what}"
        why = "something has switched it off since Docker did" if self.again else "Docker's nftables backend does not"
        return f"switch {what}, because {why}"

    def inverse(self) -> Step:
        """Forwarding off."""
        return RestoreForwarding()


def accept_ra(interface: str) -> str:
    """The name of an interface's setting."""
    return f"net/ipv6/conf/{interface}/accept_ra"


def refuse_overruled(at_boot: state_host.AtBoot, interface: str) -> None:
    """Raise Refused if another file sets an interface's accept_ra at every boot, later than our file."""
    for path, text in at_boot.sysctl.items():
        for number, line in enumerate(text.splitlines(), 1):
            name, _equals, value = line.partition("=")
            if _slashes(name.strip().lstrip("-")) == accept_ra(interface) and value.strip() != "2":
                raise Refused(
                    f"it sets accept_ra = {value.strip()} for {interface} at every boot, with which the host loses its"
                    " IPv6 default route once Docker has it forward",
                    f"{path}:{number}",
                    "Set it to 2 there, or remove the line. Nothing was changed",
                )


def switched_off_by(texts: Mapping[str, str]) -> list[str]:
    """Where files of sysctl.d(5), path -> text, switch IPv6 forwarding off: path and line."""
    found = []
    for path, text in texts.items():
        for number, line in enumerate(text.splitlines(), 1):
            name, _equals, value = line.partition("=")
            if _slashes(name.strip().lstrip("-")) in FORWARDING and value.strip() == "0":
                found.append(f"{path}:{number}")
    return found


def _slashes(name: str) -> str:
    """A setting's name as the kernel has it: where the first separator is a dot, dots and slashes change places."""
    first = next((character for character in name if character in "./"), "/")
    return name.translate(str.maketrans("./", "/.")) if first == "." else name


def guard(
    ra_default: Iterable[str],
    accepts: Mapping[str, str | None],
    forwards: bool,
    sysctl_file: bytes | None,
    by_docker: bool = True,
    at_boot: state_host.AtBoot = state_host.NOTHING,
    again: bool = False,
) -> Steps:
    """The steps before anything that switches forwarding on; none where they are not needed.

    Args:
        ra_default: interfaces with an IPv6 default route that the kernel learned by itself.
        accepts: interface -> accept_ra.
        forwards: whether the host forwards IPv6 already.
        sysctl_file: what SYSCTL_FILE holds, None if it is missing.
        by_docker: whether dockerd switches it on.
        at_boot: what else sets accept_ra at a boot.
        again: whether dockerd did, and something has switched it off since; at a boot dockerd does so by itself.

    Raises:
        Refused: something sets it that must be changed by hand.
    """
    lost = [interface for interface in ra_default if accepts.get(interface) == "1"]
    ours = not forwards and not by_docker and not again
    steps: list[Step] = []
    if lost or ours:
        lines = (sysctl_file or b"").decode(errors="surrogateescape")
        lines = _with(lines, HEAD, [f"{accept_ra(interface)} = 2\n" for interface in lost])
        lines = _with(lines, FORWARDING_HEAD, [f"{name} = 1\n" for name in FORWARDING] if ours else [])
        content = lines.encode(errors="surrogateescape")
        steps.append(WriteFile(SYSCTL_FILE, content, "the same at every boot", old=sysctl_file, invertible=True))
    for interface in lost:
        refuse_overruled(at_boot, interface)
        steps += _in_ifupdown(at_boot, interface)
    steps += [KeepRoute(interface, "1") for interface in lost]
    if not forwards:
        steps.append(ForwardingComesOn(by_docker and not again, again))
    return tuple(steps)


def _in_ifupdown(at_boot: state_host.AtBoot, interface: str) -> list[Step]:
    from . import ifupdown  # few hosts need it

    files = [path for path, text in at_boot.ifupdown.items() if ifupdown.overrules(text, interface)]
    return [ifupdown.KeepInIfupdown(path, interface) for path in files]


def _with(text: str, head: str, lines: list[str]) -> str:
    """A file's text with these lines in it, and the heading over them."""
    text = text and text.rstrip("\n") + "\n"
    return text + "".join(line for line in (head, *lines) if lines and line not in text)
