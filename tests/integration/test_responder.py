# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The responder on real engines: what it may do, where it is published, and that it always ends."""

from __future__ import annotations

import json
import time
import typing as t

import pytest

from tests.integration.lab_host import Host, without_ipv6

NAME = "dms-ipv6-responder"
START: dict[str, t.Any] = {"state": "present", "network": "bridge", "image": "dms-lab/whoami"}


@pytest.fixture
def host(engine: Host) -> t.Iterator[Host]:
    """A host without a responder, before and afterwards."""
    engine.run(f"docker rm -f {NAME} >/dev/null 2>&1 || true")
    yield engine
    engine.run(f"docker rm -f {NAME} >/dev/null 2>&1 || true")


def responders(host: Host) -> str:
    """The id of the container with the responder's name, if there is one."""
    return host.run(f"docker ps -aq --no-trunc -f name=^{NAME}$")


def units(host: Host) -> str:
    return host.run(f"systemctl list-units --all --no-legend '{NAME}*'")


def published(host: Host) -> set[str]:
    """The host's addresses at which it can be reached."""
    found = json.loads(host.run(f"docker inspect -f '{{{{json .NetworkSettings.Ports}}}}' {NAME}"))
    return {one["HostIp"] for one in found["80/tcp"]}


def test_it_has_no_rights_and_is_published_where_it_is_probed(host: Host) -> None:
    result = host.direct("probe_responder", **START)
    assert not result["failed"], result
    assert published(host) == set(result["addresses"].values())
    pid = host.run(f"docker inspect -f '{{{{.State.Pid}}}}' {NAME}")
    status = host.run(f"grep -E '^(Uid|CapEff|CapBnd|NoNewPrivs)' /proc/{pid}/status | tr -s '\\t' ' '")
    assert status.splitlines() == [
        "Uid: 65534 65534 65534 65534",
        "CapEff: 0000000000000000",
        "CapBnd: 0000000000000000",
        "NoNewPrivs: 1",
    ]
    assert f"{NAME}-" in units(host)
    # A probe that makes no sense does not keep the module from removing it.
    nonsense = {"item": ["far", {}], "family": "ipv6", "verdict": "not verified", "client_port": 4711, "port": "x"}
    result = host.direct("probe_responder", state="absent", probes=[nonsense, "garbage"])
    assert (result["failed"], result["changed"], result["result"]) == (False, True, "not verified"), result
    assert result["probes"][0]["msg"] == "probe host far gave an answer that makes no sense"
    assert (responders(host), units(host)) == ("", "")


def test_the_host_removes_it_when_no_run_does(host: Host) -> None:
    """As after SIGKILL of the run, or when the host is cut off."""
    result = host.direct("probe_responder", **START, remove_after=6)
    assert not result["failed"] and responders(host), result
    end = time.monotonic() + 60
    while responders(host) and time.monotonic() < end:
        time.sleep(0.5)
    assert responders(host) == ""
    while units(host) and time.monotonic() < end:
        time.sleep(0.5)
    assert units(host) == ""


def test_a_container_that_is_not_ours(host: Host) -> None:
    host.run(f"docker run -d --name {NAME} dms-lab/whoami >/dev/null")
    before = responders(host)
    result = host.direct("probe_responder", **START)
    assert result["failed"] and f"docker rm -f {NAME}" in result["msg"], result
    assert host.direct("probe_responder", state="absent")["changed"] is False
    assert responders(host) == before


def test_an_image_that_ends_at_once(host: Host) -> None:
    """The engine has removed it before the module can look."""
    host.run("docker tag $(docker commit -c 'CMD [\"false\"]' mail) dms-lab/ends >/dev/null")
    result = host.direct("probe_responder", **{**START, "image": "dms-lab/ends"})
    assert result["failed"], result
    assert "ended at once" in result["msg"] or "cannot start the responder" in result["msg"], result
    assert (responders(host), units(host)) == ("", "")


def test_a_host_without_ipv6(host: Host) -> None:
    with without_ipv6(host):
        result = host.direct("probe_responder", **START)
        assert not result["failed"], result
        assert set(result["addresses"]) == {"ipv4"}
        assert published(host) == {result["addresses"]["ipv4"]}
