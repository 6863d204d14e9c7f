# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Looks into the mail servers of a host: one command in each container that publishes a mail port."""

from __future__ import annotations

import typing as t

from ansible_collections.dms.ipv6.plugins.module_utils import (
    _container_state,
    _exposure,
    _io_exec,
    _mail_facts,
    _mail_server,
)

if t.TYPE_CHECKING:
    from collections.abc import Iterable

    from ansible_collections.dms.ipv6.plugins.module_utils._finding import Finding
    from ansible_collections.dms.ipv6.plugins.module_utils._io_docker import Docker
    from ansible_collections.dms.ipv6.plugins.module_utils._state_host import Found

# For one container. Its programs have _mail_facts.SECONDS each.
SECONDS = 20.0
MOST = 2 * _mail_facts.NEWEST_OF_LOG


def findings(docker: Docker, found: Found, wanted: Iterable[str], as_root: bool = False) -> list[Finding]:
    """What is wrong with the mail servers that run.

    Args:
        docker: the engine.
        found: what was read of the host.
        wanted: names or ids of the containers that are to have IPv6.
        as_root: ask as uid 0, not as the container's own user.
    """
    host = _exposure.host(found)
    result = []
    for container in filter(_mail_server.publishes_mail, found.containers):
        exposures = _exposure.exposures(container, host)
        situation = _mail_server.situation(container, found.networks, exposures, wanted)
        command = _mail_facts.command(situation.gateways)
        if container.status in (_container_state.PAUSED, _container_state.RESTARTING):
            answer = _io_exec.Answer("", False)  # nothing can be run in it at this moment
        else:
            answer = _io_exec.run(docker, container.id, command, SECONDS, MOST, as_root)
        facts = _mail_facts.parse(answer.text, situation.gateways, answer.complete)
        result += _mail_server.findings(situation, facts, answer.complete)
    return result
