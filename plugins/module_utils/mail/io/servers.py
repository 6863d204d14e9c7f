# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Looks into the mail servers of a host: one command in each container that publishes a mail port."""

from __future__ import annotations

import typing as t

from ...engine.io import container_exec
from ...exposure import published
from ...state import container_status
from .. import gateway_trust
from .. import programs as mail_programs

if t.TYPE_CHECKING:
    from collections.abc import Iterable

    from ...core.finding import Finding
    from ...engine.io.api import Docker
    from ...state.host import Found

# For one container. Its programs have mail_programs.SECONDS each.
SECONDS = 20.0
MOST = 2 * mail_programs.NEWEST_OF_LOG


def findings(docker: Docker, found: Found, wanted: Iterable[str], as_root: bool = False) -> list[Finding]:
    """What is wrong with the mail servers that run.

    Args:
        docker: the engine.
        found: what was read of the host.
        wanted: names or ids of the containers that are to have IPv6.
        as_root: ask as uid 0, not as the container's own user.
    """
    host = published.host(found)
    result = []
    for container in filter(gateway_trust.publishes_mail, found.containers):
        exposures = published.exposures(container, host)
        situation = gateway_trust.situation(container, found.networks, exposures, wanted, found.members)
        command = mail_programs.command(situation.gateways)
        if container.status in (container_status.PAUSED, container_status.RESTARTING):
            answer = container_exec.Answer("", False)  # nothing can be run in it at this moment
        else:
            answer = container_exec.run(docker, container.id, command, SECONDS, MOST, as_root)
        facts = mail_programs.parse(answer.text, situation.gateways, answer.complete)
        result += gateway_trust.findings(situation, facts, answer.complete)
    return result
