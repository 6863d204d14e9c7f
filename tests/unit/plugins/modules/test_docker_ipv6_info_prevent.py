# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""docker_ipv6_info with mode ``prevent``, on a host in memory."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import pytest
from ansible_collections.dms.ipv6.plugins.module_utils.change.io import lock
from ansible_collections.dms.ipv6.plugins.module_utils.compose import files as compose_files
from ansible_collections.dms.ipv6.plugins.module_utils.engine.io.api import Docker
from ansible_collections.dms.ipv6.plugins.module_utils.exposure.io import bridge_rules
from ansible_collections.dms.ipv6.plugins.module_utils.modes.io import read_host
from ansible_collections.dms.ipv6.plugins.module_utils.proof.io import own_addresses
from ansible_collections.dms.ipv6.plugins.module_utils.state import docker_objects
from ansible_collections.dms.ipv6.plugins.module_utils.system.io import files as system_files
from ansible_collections.dms.ipv6.plugins.module_utils.system.io import packages
from ansible_collections.dms.ipv6.plugins.modules import compose_ports, docker_ipv6_full_info
from ansible_collections.dms.ipv6.tests.unit.plugins.module_utils.daemon_model import Daemon
from ansible_collections.dms.ipv6.tests.unit.plugins.module_utils.hosts import (
    BRIDGE,
    PORT4,
    PORT6,
    answers,
    ask,
    container,
    endpoint,
    host,
    network,
    of_compose,
)
from ansible_collections.dms.ipv6.tests.unit.plugins.module_utils.hosts import compose_network as network_of_compose
from ansible_collections.dms.ipv6.tests.unit.plugins.modules.running import failure, run

TEXT = "services:\n  mail: {ports: ['8080:80']}\n  web: {ports: ['8081:80']}\n"
MAIL, WEB = "shop-mail-1", "shop-web-1"
ASKED = (docker_objects.Port(80, "tcp", "", 8080),)
SIX = network("six", ["172.19.0.0/16", "fd5c:1ab0:7e57:6::/64"])


class Lab:
    """A host with a container of no project, and two of a Compose project."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.path = str(folder / "compose.yaml")
        Path(self.path).write_text(TEXT)
        self.daemon = Daemon(b'{"init": true}', {"init": True}, version="26.1.5")
        self.record: dict[str, t.Any] = {}
        self.networks = (BRIDGE, SIX, network_of_compose())
        self.containers: tuple[docker_objects.Container, ...] = (
            container("plain", bindings=ASKED),
            of_compose("mail", path=self.path, bindings=ASKED),
            of_compose("web", path=self.path, ports=tuple(one._replace(host_port=8081) for one in (PORT4, PORT6))),
        )

    def read(self, docker: Docker, path: str | None = None, any_engine: bool = False) -> t.Any:
        return host(self.daemon, containers=self.containers, networks=self.networks)._replace(
            record=self.record,
            edited={one: system_files.read(one) for one in self.record.get("files", ())},
        )


@pytest.fixture
def lab(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Lab:
    found = Lab(tmp_path / "shop")
    places = own_addresses.Places("198.18.7.2", "fd00::2", ("198.18.7.2", "172.17.0.1"))
    monkeypatch.setattr(read_host, "read", found.read)
    monkeypatch.setattr(read_host, "looked_into", lambda docker, there: there)
    monkeypatch.setattr(read_host, "ask", lambda docker: ask(*found.containers))
    monkeypatch.setattr(Docker, "get", answers())
    monkeypatch.setattr(own_addresses, "read", lambda networks: places)
    monkeypatch.setattr(packages, "missing", lambda compose=False: ["ruamel.yaml"] if compose else ["jsonschema"])
    monkeypatch.setattr(bridge_rules, "foreign_chains", lambda: ("MAILCOW",))
    monkeypatch.setattr(system_files, "STATE", str(tmp_path / "state"))
    monkeypatch.setattr(lock, "LOCK", str(tmp_path / "lock"))
    monkeypatch.setenv("PATH", "")
    return found


def planned(**options: t.Any) -> dict[str, t.Any]:
    return t.cast("dict[str, t.Any]", run(docker_ipv6_full_info, mode="prevent", **options)["plan"])


# --- the whole host


def test_plan(lab: Lab) -> None:
    plan = planned(containers=["plain"])
    assert (plan["changed"], plan["config"], plan["packages"]) == (True, {"userland-proxy": False}, ["jsonschema"])
    assert "restart docker.service; mail keeps running" in plan["steps"]
    assert (plan["prove_on"], plan["address"], plan["expect"]) == (["bridge"], "", "refused")
    assert plan["ports"] == [["ipv6", 8080], ["ipv4", 8080]]
    assert (plan["subnets"], plan["compose"], plan["waiting"]) == ([], [], [])
    assert any("the iptables chain MAILCOW" in one for one in plan["warnings"])
    assert any(f"IPv6 clients of {MAIL}, {WEB} are refused as well" in one for one in plan["warnings"])


def test_plan_of_a_converged_host_is_empty(lab: Lab) -> None:
    settings = {"userland-proxy": False}
    lab.daemon = Daemon(json.dumps(settings).encode(), settings, version="28.5.2")
    result = run(docker_ipv6_full_info, mode="prevent", containers=["plain"])
    empty = {"changed": False, "steps": [], "packages": [], "warnings": [], "prove_on": ["bridge"]}
    assert {name: result["plan"][name] for name in empty} == empty
    assert result["findings"] == []
    assert "nothing to change" in result["summary"]


def test_consent(lab: Lab) -> None:
    plan = planned(containers=["plain"], allow_container_restart=True)
    assert plan["steps"][-1].endswith("stopped and started")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"subnet": "fd00::/64"}, "dms_ipv6_mode: prevent contradicts dms_ipv6_subnet: fd00::/64. Remove"),
        ({"attach": "network"}, "contradicts dms_ipv6_attach: network"),
        ({"gai_conf": True}, "contradicts dms_ipv6_gai_conf: True. Remove what is meant for another mode"),
        ({"gai_conf_precedence": True}, "contradicts dms_ipv6_gai_conf_precedence: True"),
        ({"prevent_compose": True, "gai_conf_prefixes": ["fd00::/64"]}, "dms_ipv6_gai_conf_prefixes: fd00::/64"),
        ({"compose_files": ["/x"]}, "contradicts dms_ipv6_compose_files: /x"),
        ({"userland_proxy": True}, "contradicts dms_ipv6_userland_proxy: true"),
        ({"prevent_compose": True, "compose_edit": "override"}, "prevent_compose contradicts dms_ipv6_compose_edit: o"),
        ({"prevent_compose": True, "userland_proxy": False}, "contradicts dms_ipv6_userland_proxy: false"),
        ({"prevent_compose": "maybe"}, "argument 'prevent_compose' is of type"),
    ],
)  # fmt: skip
def test_contradictions(lab: Lab, options: dict[str, t.Any], words: str) -> None:
    assert words in failure(docker_ipv6_full_info, mode="prevent", **options)


@pytest.mark.parametrize(
    "options",
    [
        {"subnet": "auto", "network": "dms-ipv6", "attach": "auto", "compose_files": [], "userland_proxy": False},
        {"prevent_compose": False},
    ],
)
def test_defaults_contradict_nothing(lab: Lab, options: dict[str, t.Any]) -> None:
    assert planned(containers=["plain"], **options)["config"] == {"userland-proxy": False}


@pytest.mark.parametrize(
    ("expect", "words"),
    [("refused", "last proof that IPv6 is refused: passed on 2026"), ("real", "; last proof: passed")],
)
def test_last_proof(lab: Lab, expect: str, words: str) -> None:
    lab.record = {"proof": {"result": "passed", "expect": expect, "date": "2026-02-03T04:05:06Z"}}
    assert words in run(docker_ipv6_full_info)["summary"]


def test_other_modes_take_no_notice(lab: Lab) -> None:
    """A fleet may say it for all of its hosts."""
    assert run(docker_ipv6_full_info, mode="audit", prevent_compose=True)["changed"] is False


def test_refused(lab: Lab) -> None:
    lab.containers = (container("plain", endpoint("six", True), bindings=ASKED),)
    words = "container plain on network six, which has IPv6: IPv6 clients would hang at port 8080"
    assert words in failure(docker_ipv6_full_info, mode="prevent", containers=["plain"])


def test_no_finding_about_compose(lab: Lab) -> None:
    """An `up` masks no client while docker-proxy is off."""
    settings = {"userland-proxy": False}
    lab.daemon = Daemon(json.dumps(settings).encode(), settings, version="28.5.2")
    Path(lab.path).unlink()
    assert run(docker_ipv6_full_info, mode="prevent", containers=[MAIL])["findings"] == []


# --- the way back


@pytest.mark.parametrize(
    ("version", "words"), [("20.10.24", ["were started while", "moby#44721"]), ("28.5.2", ["were started while"])]
)
def test_what_an_undo_does_not_bring_back(lab: Lab, version: str, words: list[str]) -> None:
    settings = {"userland-proxy": False}
    lab.daemon = Daemon(json.dumps(settings).encode(), settings, version=version)
    lab.record = {"undo": {"keys": {"userland-proxy": {"before": [], "set": [False]}}}}
    plan = run(docker_ipv6_full_info, mode="absent")["plan"]
    assert plan["changed"]
    assert len(plan["warnings"]) == len(words)
    assert all(word in one for word, one in zip(words, plan["warnings"]))


def test_an_undo_of_something_else(lab: Lab) -> None:
    lab.record = {"undo": {"keys": {"init": {"before": [], "set": [True]}}}}
    assert run(docker_ipv6_full_info, mode="absent")["plan"]["warnings"] == []


# --- the narrow way


@pytest.mark.parametrize(
    ("options", "services", "waiting", "project"),
    [
        ({"containers": [MAIL]}, ["mail"], ["mail"], "shop"),
        ({"containers": [MAIL, f"{WEB}-id"]}, ["mail", "web"], ["mail", "web"], "shop"),
        ({"compose_files": ["FILE"]}, [], ["mail", "web"], ""),
        ({"compose_files": ["FILE"], "compose_services": ["web"]}, ["web"], ["web"], ""),
    ],
)
@pytest.mark.parametrize("consent", [True, False])
def test_narrow(
    lab: Lab, options: dict[str, t.Any], services: list[str], waiting: list[str], project: str, consent: bool
) -> None:
    """The daemon is left alone, and compose_ports plans the same."""
    options = {**options, **({"compose_files": [lab.path]} if "compose_files" in options else {})}
    plan = planned(prevent_compose=True, allow_container_restart=consent, **options)
    assert plan["compose"] == [{"path": lab.path, "services": services, "project_name": project}]
    write = f"write {lab.path}: ports published on IPv4 only"
    up = f"let Compose re-create {', '.join(waiting)} of project shop"
    assert (plan["steps"], plan["changed"], plan["config"]) == ([write, up] if consent else [write], True, {})
    assert plan["waiting"] == ([] if consent else waiting)
    assert plan["prove_on"] == (["shop_default"] if consent else [])
    assert (plan["address"], plan["expect"], plan["packages"]) == ("0.0.0.0", "refused", ["ruamel.yaml"])
    ports = [{"mail": 8080, "web": 8081}[name] for name in waiting]
    assert plan["ports"] == [[family, port] for port in ports for family in ("ipv6", "ipv4")]
    if not consent:
        assert run(compose_ports, check=True, **plan["compose"][0])["steps"] == plan["steps"]


def test_narrow_and_converged(lab: Lab) -> None:
    """Written, and re-created."""
    Path(lab.path).write_text(TEXT.replace("'8080", "'0.0.0.0:8080"))
    asked = (PORT4._replace(host_ip="0.0.0.0"),)
    lab.containers = (of_compose("mail", path=lab.path, ports=(PORT4,), bindings=asked),)
    plan = planned(prevent_compose=True, containers=[MAIL])
    empty = {"changed": False, "steps": [], "packages": [], "warnings": [], "waiting": [], "prove_on": ["shop_default"]}
    assert {name: plan[name] for name in empty} == empty


def test_narrow_and_written(lab: Lab) -> None:
    """Nothing is left to do without consent, and that is said."""
    Path(lab.path).write_text(TEXT.replace("'8080", "'0.0.0.0:8080"))
    plan = planned(prevent_compose=True, containers=[MAIL])
    assert (plan["steps"], plan["waiting"], plan["prove_on"]) == ([], ["mail"], [])
    assert "are refused only once the next `docker compose up -d`" in plan["warnings"][0]


@pytest.mark.parametrize("dual", [True, False])
def test_narrow_on_a_dual_stack_network(lab: Lab, dual: bool) -> None:
    """Where the daemon's setting does not help, this does."""
    one = of_compose("mail", endpoint("six", dual), path=lab.path, bindings=ASKED)
    lab.containers = (one,)
    assert planned(prevent_compose=True, containers=[MAIL])["waiting"] == ["mail"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (
            {"containers": ["plain"]},
            "container plain: it was not made by Compose. Name its file in dms_ipv6_compose_files, or publish its",
        ),
        ({}, "dms_ipv6_prevent_compose: there is neither a Compose file nor a container. Name its file in"),
        ({"containers": [MAIL], "compose_services": ["mial"]}, "there is no service `mial` (there is: mail, web)"),
        ({"compose_files": ["/no/such.yaml"]}, "/no/such.yaml: there is no such file on this host"),
    ],
)
def test_narrow_refused(lab: Lab, options: dict[str, t.Any], words: str) -> None:
    assert words in failure(docker_ipv6_full_info, mode="prevent", prevent_compose=True, **options)


@pytest.mark.parametrize("six", [True, False])
def test_narrow_for_a_container_on_the_host_network(lab: Lab, six: bool) -> None:
    heard = {"ipv4": [("0.0.0.0", 80)], "ipv6": [("::", 80)] if six else []}
    fields = {"network_mode": "host", "ports": (), "listeners": heard, "path": lab.path}
    lab.containers = (of_compose("mail", **fields)._replace(endpoints=()),)
    options: dict[str, t.Any] = {"mode": "prevent", "prevent_compose": True, "containers": [MAIL]}
    if six:
        words = (
            "container shop-mail-1 in host network mode: port 80 is the host's own, and no setting of Docker closes it"
        )
        assert words in failure(docker_ipv6_full_info, **options)
    else:
        assert run(docker_ipv6_full_info, **options)["plan"]["waiting"] == []


def test_narrow_without_a_reader(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compose_files, "AVAILABLE", False)
    plan = planned(prevent_compose=True, containers=[MAIL])
    more = f"install python3-ruamel.yaml on the host to see the diff of {lab.path}"
    later = f"publish ports of {lab.path} on IPv4 only; {more}"
    assert (plan["steps"], plan["packages"]) == ([later], ["ruamel.yaml"])
