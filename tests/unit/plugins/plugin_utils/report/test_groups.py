# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Findings of a host, put together by cause: the sentences are those that the host's own module writes."""

from __future__ import annotations

import pytest
from ansible_collections.dms.ipv6.plugins.module_utils.modes import findings, nat
from ansible_collections.dms.ipv6.plugins.plugin_utils.report.groups import grouped
from ansible_collections.dms.ipv6.tests.unit.plugins.module_utils.daemon_model import Daemon
from ansible_collections.dms.ipv6.tests.unit.plugins.module_utils.hosts import (
    BRIDGE,
    container,
    endpoint,
    host,
    network,
)


@pytest.mark.parametrize(
    ("settings", "dual", "name"),
    [({}, False, "masked"), ({"userland-proxy": False, "ip6tables": False}, True, "hangs")],
)
def test_what_a_module_finds_is_one_group_for_each_cause(settings: dict[str, bool], dual: bool, name: str) -> None:
    gateways = {"mail": "172.18.0.1", "web": "172.18.0.254"}
    several = tuple(container(each, endpoint("net", dual)._replace(gateway4=by)) for each, by in gateways.items())
    networks = (BRIDGE, network("net", ["172.18.0.0/16", *(["fd5c:1ab0:7e57:1::/64"] if dual else [])]))
    found = host(Daemon(version="28.5.2", settings=settings), containers=several, networks=networks)
    every = [one for one in findings.findings(found, nat.Wanted(), ()) if one.id == name]
    assert len(every) == 2
    (group,) = grouped(finding.result() for finding in every)
    assert group.id == name
    assert group.evidence.startswith("mail 80 and web 80: IPv6 clients ")
