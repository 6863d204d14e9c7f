# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lists of hosts that a mail program trusts: is an address among them? Values, never text against text."""

from __future__ import annotations

import ipaddress
import re
import typing as t

if t.TYPE_CHECKING:
    from collections.abc import Iterable

    from ..core.ip import AnyAddress, AnyNetwork


def entries(text: str) -> tuple[str, ...]:
    """The entries of a list as Postfix, Dovecot, Rspamd and the DKIM tools write it; ``#`` begins a comment."""
    bare = re.sub(r"#.*", "", text)
    return tuple(word for word in re.split(r"[\s,;\"]+", bare) if word)


def network(entry: str) -> AnyNetwork | None:
    """The addresses that an entry means: ``10.0.0.0/8``, ``[fe80::]/64``, ``::1``; None for names and tables."""
    try:
        return ipaddress.ip_network(entry.replace("[", "").replace("]", ""), strict=False)
    except ValueError:
        return None


def match(address: AnyAddress, listed: Iterable[str]) -> str:
    """The entry that lets an address in, or nothing.

    The first entry that has it decides, and one with ``!`` before it keeps it out (postconf(5), mynetworks).
    """
    for entry in listed:
        found = network(entry.lstrip("!"))
        if found is not None and address in found:
            return "" if entry.startswith("!") else entry
    return ""


def covers(listed: Iterable[str], subnet: AnyNetwork) -> bool:
    """Whether the first entry that is about any address of a subnet lets all of them in."""
    for entry in listed:
        found = network(entry.lstrip("!"))
        if found is not None and found.version == subnet.version and found.overlaps(subnet):
            return not entry.startswith("!") and found.prefixlen <= subnet.prefixlen
    return False


def unclear(listed: Iterable[str]) -> tuple[str, ...]:
    """The entries that only the program itself can look up: files, tables, names."""
    return tuple(entry for entry in listed if network(entry.lstrip("!")) is None)
