# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compose files that cannot be edited, on real hosts: one line with the place, the file and the host as they were."""

from __future__ import annotations

import typing as t

import pytest

from tests.integration.lab_host import Host, output

PATH = "/srv/bad/compose.yaml"
SERVICE = "services:\n  mail:\n    image: dms-lab/whoami\n"
NAMED: dict[str, t.Any] = {"shape": "named", "network": "six", "services": ["mail"]}
BAD = {
    "not YAML": ("services: {mail: [\n", {}, "line 2, column 1"),
    "a tab": ("services:\n\tmail:\n", {}, "line 2, column 1"),
    "a list at the top": ("- services\n", {}, "line 1, column 1: the file must be a mapping"),
    "no services": ("networks: {}\n", {}, "`services` is missing"),
    "networks as a list": (f"{SERVICE}networks: [six]\n", {}, "line 4, column 1: `networks` must be a mapping"),
    "a key twice": (f"{SERVICE}services: {{}}\n", {}, "line 4, column 1: the key `services` stands here a second time"),
    "a service that is not there": (SERVICE, {**NAMED, "services": ["mial"]}, "did you mean `mail`"),
    "a service on the host's network": (f"{SERVICE}    network_mode: host\n", NAMED, "runs with network_mode host"),
    "another IPv6 subnet": (
        f"{SERVICE}networks:\n  default:\n    ipam:\n      config: [{{subnet: 'fd12::/64'}}]\n",
        {"subnet": "fd13:3456:789a:1::/64"},
        "has the IPv6 subnet fd12::/64, and a bridge takes only one",
    ),
    "a prefix of the documentation": (
        f"{SERVICE}networks:\n  default:\n    ipam:\n      config: [{{subnet: '2001:db8:1::/64'}}]\n",
        {},
        "2001:db8:1::/64 is reserved for documentation (RFC 3849). Remove it there",
    ),
    "an external network": (f"{SERVICE}networks:\n  default:\n    external: true\n", {}, "is external"),
    "a driver without ports": (f"{SERVICE}networks:\n  default:\n    driver: macvlan\n", {}, "has the driver macvlan"),
    "what Compose rejects": (f"{SERVICE}    ports: true_but_wrong\n", {}, "`ports` must be a list"),
    "what only Compose knows to reject": (
        f"{SERVICE}    cpu_shares: [many]\n",
        {},
        "Compose does not take it as it is",
    ),
    "a subnet for a documentation": (SERVICE, {"subnet": "2001:db8::/64"}, "is reserved for documentation"),
}


@pytest.mark.parametrize("name", BAD)
def test_refused_with_the_place(engine: Host, name: str) -> None:
    text, options, words = BAD[name]
    engine.run("mkdir -p /srv/bad")
    output("docker", "exec", "-i", engine.container, "tee", PATH, stdin=text)
    looked = f"cd /srv/bad; ls -A; stat -c '%i %Y %a' *; sha256sum *; {{ {STATE}; }}"
    before = engine.run(looked)
    for check in (True, False):
        result = engine.direct("compose_network", check=check, path=PATH, **options)
        assert result["failed"], result
        assert words in result["msg"], result["msg"]
        assert "\n" not in result["msg"].strip()
    assert engine.run(looked) == before


STATE = "docker network ls -q --no-trunc | sort; ls -A /var/lib/dms-ipv6 2>/dev/null || true"


def test_a_file_that_is_not_there(engine: Host) -> None:
    result = engine.direct("compose_network", path="/srv/nowhere/compose.yaml")
    assert result["msg"].startswith("/srv/nowhere/compose.yaml: there is no such file on this host.")
