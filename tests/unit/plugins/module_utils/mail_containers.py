# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Containers of mail servers, and what was recorded in real ones (tests/unit/recorded/mail/README.md)."""

from __future__ import annotations

import typing as t
from pathlib import Path

from ansible_collections.dms.ipv6.plugins.module_utils.exposure import published as exposure_published
from ansible_collections.dms.ipv6.plugins.module_utils.mail import gateway_trust
from ansible_collections.dms.ipv6.plugins.module_utils.mail import programs as mail_programs
from ansible_collections.dms.ipv6.plugins.module_utils.state import docker_objects

RECORDED = Path(__file__).resolve().parents[2] / "recorded" / "mail"
OLD = docker_objects.Endpoint("bridge", "172.17.0.2", "", "172.17.0.1", "")
# What dms.ipv6 made when it moved the recorded container.
NEW = docker_objects.Endpoint("dms-ipv6", "172.18.0.2", "fd50:2e0:cde4:cb4d::2", "172.18.0.1", "fd50:2e0:cde4:cb4d::1")


def recorded(name: str) -> str:
    return (RECORDED / f"{name}.txt").read_text()


def container(
    *endpoints: docker_objects.Endpoint, ports: t.Iterable[int] = (25,), name: str = "mail"
) -> docker_objects.Container:
    published = tuple(docker_objects.Port(port, "tcp", "::", port) for port in ports)
    return docker_objects.Container(f"{name}-id", name, True, "bridge", endpoints or (OLD,), published)


def situation(
    *endpoints: docker_objects.Endpoint,
    ports: t.Sequence[int] = (25,),
    masked: t.Collection[int] | None = None,
    family: str = "ipv6",
    wanted: t.Iterable[str] = (),
    networks: t.Iterable[docker_objects.Network] = (),
    others: t.Iterable[str] = (),
) -> gateway_trust.Situation:
    """A container's place; all its ports are masked unless the test says which. ``others`` are on its networks."""
    found = container(*endpoints, ports=ports)
    hidden = ports if masked is None else masked
    exposures = [
        exposure_published.Exposure(one, family, "masked" if one.container_port in hidden else "real")
        for one in found.ports
    ]
    members = {one.network: ["mail", *others] for one in found.endpoints}
    return gateway_trust.situation(found, networks, exposures, wanted, members)


def facts(text: str, at: gateway_trust.Situation, complete: bool = True) -> mail_programs.Facts:
    return mail_programs.parse(text, at.gateways, complete)
