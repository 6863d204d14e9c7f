# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which containers a word means, on each host by itself.

The answer must be the same once they are no longer masked: else the next run would take them for strangers. So those
that are real count as well, and nat_facts leaves them as they are, except those that this collection has changed.
"""

from __future__ import annotations

import typing as t

from ..core import verdict
from ..exposure import published
from ..network import on_host as network_on_host
from ..state import docker_objects
from ..state import firewall as state_firewall

if t.TYPE_CHECKING:
    from collections.abc import Mapping

    from ..state.host import Found

NAMED, MASKED, ALL = "named", "masked", "all"
WORDS = (NAMED, MASKED, ALL)
NOTHING = {
    MASKED: "no container's IPv6 clients are masked, so there is nothing to do",
    ALL: "no container has a port that is published for IPv6 clients, so there is nothing to do",
}
# What is not published for clients on other hosts.
MODES = ("nat", "routed")
INSIDE = ("loopback_only", "not_published")


def names(word: str, mode: str, attach: str, network: str, found: Found) -> tuple[str, ...]:
    """Names of the containers.

    Args:
        word: MASKED or ALL.
        mode: nat or routed.
        attach: how they get IPv6; the default bridge can only be about its own.
        network: ours. Who is on it stays, whatever its clients get.
        found: what was read, the containers looked into.
    """
    host = published.host(found)
    wanted = {verdict.MASKED, verdict.REAL} if mode == "nat" else {verdict.MASKED}
    chosen = []
    for container in found.containers:
        if container.network_mode == published.HOST_MODE or container.network_mode.startswith(published.CONTAINER_MODE):
            continue  # it has no network of its own
        if attach == network_on_host.DEFAULT_BRIDGE and not container.endpoint("bridge"):
            continue
        six = [each for each in published.exposures(container, host) if each.family == state_firewall.IPV6]
        outside = {each.verdict for each in six if each.cause not in INSIDE}
        if outside and (word == ALL or outside & wanted or container.endpoint(network)):
            chosen.append(container.name)
    return tuple(sorted(chosen))


def named(params: Mapping[str, t.Any], found: Found) -> dict[str, t.Any]:
    """The options with the containers that a word means here, if there is one in the place of their names."""
    word = params["select"]
    if word == NAMED or params["mode"] not in MODES:
        return dict(params)
    return {**params, "containers": list(names(word, params["mode"], params["attach"], params["network"], found))}


def nothing(params: Mapping[str, t.Any]) -> str:
    """Why there is nothing to do, if a word means no container here and nothing else is wanted."""
    word = params["select"]
    more = params["containers"] or params["compose_files"] or params["address_pool"]
    return "" if word == NAMED or params["mode"] not in MODES or more else NOTHING[word]


def changed_by_us(container: docker_objects.Container, found: Found) -> bool:
    """Whether this collection has written into the Compose file that a container was made from."""
    files = docker_objects.compose_paths(container.labels)
    return bool({*files} & {*found.record.get("files", ())})
