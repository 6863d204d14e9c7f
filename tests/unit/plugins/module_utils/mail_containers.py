# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Containers of mail servers, and what was recorded in real ones (tests/unit/recorded/mail/README.md)."""

from __future__ import annotations

import typing as t
from pathlib import Path

from ansible_collections.dms.ipv6.plugins.module_utils import (
    _exposure,
    _found,
    _mail_facts,
    _mail_server,
)

RECORDED = Path(__file__).resolve().parents[2] / "recorded" / "mail"
OLD = _found.Endpoint("bridge", "172.17.0.2", "", "172.17.0.1", "")
# What dms.ipv6 made when it moved the recorded container.
NEW = _found.Endpoint("dms-ipv6", "172.18.0.2", "fd50:2e0:cde4:cb4d::2", "172.18.0.1", "fd50:2e0:cde4:cb4d::1")


def recorded(name: str) -> str:
    return (RECORDED / f"{name}.txt").read_text()


def container(*endpoints: _found.Endpoint, ports: t.Iterable[int] = (25,), name: str = "mail") -> _found.Container:
    published = tuple(_found.Port(port, "tcp", "::", port) for port in ports)
    return _found.Container(f"{name}-id", name, True, "bridge", endpoints or (OLD,), published)


def situation(
    *endpoints: _found.Endpoint,
    ports: t.Sequence[int] = (25,),
    masked: t.Collection[int] | None = None,
    family: str = "ipv6",
    wanted: t.Iterable[str] = (),
) -> _mail_server.Situation:
    """A container's place; all its ports are masked unless the test says which."""
    found = container(*endpoints, ports=ports)
    hidden = ports if masked is None else masked
    exposures = [
        _exposure.Exposure(one, family, "masked" if one.container_port in hidden else "real") for one in found.ports
    ]
    return _mail_server.situation(found, (), exposures, wanted)


def facts(text: str, at: _mail_server.Situation, complete: bool = True) -> _mail_facts.Facts:
    return _mail_facts.parse(text, at.gateways, complete)
