# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab of these tests: up once for all of them, and down in the end."""

from __future__ import annotations

import typing as t

import pytest

from lab import engines
from tests.integration.lab_host import Host, clean, lab

ENGINES = engines.HOSTS
MAIL = "docker run -d --name mail -p 8080:80 dms-lab/whoami >/dev/null"


@pytest.fixture(scope="session")
def hosts(request: pytest.FixtureRequest) -> t.Iterator[dict[str, Host]]:
    """The hosts, with one published container on each that runs Docker."""
    # Another run may have them up at this time.
    assert request.config.option.markexpr != "own_lab", "a test that is marked own_lab uses the hosts that others share"
    lab("down")
    lab("up")
    found = {name: Host(name) for name in (*ENGINES, "bare", "client")}
    for name in (*ENGINES, "bare"):
        found[name].run(MAIL)
    for name in ENGINES:
        found[name].install()
    yield found
    lab("down")


@pytest.fixture(params=engines.each())
def engine(request: pytest.FixtureRequest, hosts: dict[str, Host]) -> Host:
    """A Docker host of each engine in turn."""
    return hosts[request.param]


@pytest.fixture
def bookworm(hosts: dict[str, Host]) -> Host:
    """A Docker host."""
    return hosts["bookworm"]


@pytest.fixture
def client(hosts: dict[str, Host]) -> Host:
    """A host without Docker on the same segment."""
    return hosts["client"]


@pytest.fixture
def bare(hosts: dict[str, Host]) -> Host:
    """A Docker host without python3-docker and python3-jsonschema."""
    return hosts["bare"]


@pytest.fixture
def fresh(engine: Host) -> t.Iterator[Host]:
    """A host with settings of its own in force and a running container, and no record of the collection's."""
    clean(engine)
    yield engine
    clean(engine)
