# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""docker_daemon_config, on a daemon in memory."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.dms.ipv6.plugins.module_utils import _daemon_schema, _io_daemon, _io_files, _io_found
from ansible_collections.dms.ipv6.plugins.module_utils._refused import Refused
from ansible_collections.dms.ipv6.plugins.modules import docker_daemon_config
from ansible_collections.dms.ipv6.tests.unit.plugins.module_utils.daemon_model import PATH, Daemon
from ansible_collections.dms.ipv6.tests.unit.plugins.module_utils.hosts import host
from ansible_collections.dms.ipv6.tests.unit.plugins.modules.running import failure, run

OLD = b'{\n  "mtu": 1450\n}\n'
NAT = {"experimental": True, "ip6tables": True}


class Lab(t.NamedTuple):
    daemon: Daemon
    asked: list[t.Any]


@pytest.fixture
def lab(monkeypatch: pytest.MonkeyPatch, tmp_path: t.Any) -> Lab:
    """A daemon that the module finds, and that its executor changes."""
    found = Lab(Daemon(OLD, {"mtu": 1450}), [])

    def carry_out(self: _io_daemon.Executor, plan: t.Any) -> None:
        found.daemon.carry_out(plan)
        self.backup_file = f"{PATH}.dms-ipv6-now"
        found.asked.append(self.timeout)

    def read(docker: t.Any, path: str | None = None) -> t.Any:
        found.asked.extend([docker.path, path])
        return host(found.daemon, borrowed=found.daemon.borrowed)

    monkeypatch.setattr(_io_files, "STATE", str(tmp_path))
    monkeypatch.setattr(_io_found, "read", read)
    monkeypatch.setattr(_io_daemon, "validate", lambda pid, text, path: found.asked.append(text))
    monkeypatch.setattr(_io_daemon.Executor, "carry_out", carry_out)
    return found


def config(**options: t.Any) -> dict[str, t.Any]:
    return run(docker_daemon_config, **options)


SAME = ("changed", "diff", "path", "steps", "restarted", "reloaded", "pending", "unknown", "rolled_back")
OPTIONS: list[dict[str, t.Any]] = [
    {"config": NAT},
    {"config": NAT, "allow_container_restart": True},
    {"config": NAT, "apply": "never"},
    {"config": {"debug": True}},
    {"absent": ["mtu"]},
    {"config": {"log-opts": {"max-size": "10m"}}, "absent": ["mtu"], "apply": "always"},
]


@pytest.mark.parametrize("options", OPTIONS)
def test_check_then_real_then_again(lab: Lab, options: dict[str, t.Any]) -> None:
    check = config(check=True, **options)
    assert lab.daemon.content == OLD
    real = config(**options)
    assert {name: check[name] for name in SAME} == {name: real[name] for name in SAME}
    assert real["changed"] is True
    assert real["backup_file"] == f"{PATH}.dms-ipv6-now"
    assert "backup_file" not in check
    assert lab.daemon.content == real["diff"]["after"].encode()
    again = config(**options)
    assert (again["changed"], again["steps"]) == (False, [])
    assert again["diff"]["before"] == again["diff"]["after"] == real["diff"]["after"]


@pytest.mark.parametrize(
    ("options", "restarted", "reloaded", "pending"),
    [
        ({"config": NAT}, True, True, []),
        ({"config": NAT, "allow_container_restart": True}, True, False, []),
        ({"config": NAT, "apply": "never"}, False, False, ["experimental", "ip6tables"]),
        ({"config": {"debug": True}}, False, True, []),
        ({}, False, False, []),
    ],
)
def test_what_is_returned(lab: Lab, options: t.Any, restarted: bool, reloaded: bool, pending: list[str]) -> None:
    result = config(**options)
    assert (result["restarted"], result["reloaded"], result["pending"]) == (restarted, reloaded, pending)
    assert (result["path"], result["unknown"], result["rolled_back"]) == (PATH, [], False)


def test_options_reach_what_they_are_for(lab: Lab, tmp_path: t.Any) -> None:
    path = str(tmp_path / "other.json")
    config(config=NAT, path=path, docker_socket="/run/x.sock", health_timeout=7)
    text = '{\n  "mtu": 1450,\n  "experimental": true,\n  "ip6tables": true\n}\n'
    assert lab.asked == ["/run/x.sock", path, text, 7]


def test_warnings_are_given_to_ansible(lab: Lab) -> None:
    lab.daemon.settings = {}
    words = "this also applies edits of others that the running daemon did not have yet: mtu"
    assert words in " ".join(config(config=NAT)["warned"].split())


@pytest.mark.parametrize("version", ["20.10.24", "26.1.5"])
def test_the_engine_validates_where_it_can(lab: Lab, version: str) -> None:
    lab.daemon.version = version
    config(config=NAT, check=True)
    assert any("ip6tables" in str(one) for one in lab.asked) is (version == "26.1.5")


@pytest.mark.parametrize(
    ("content", "options", "words"),
    [
        (
            b"{",
            {"config": NAT},
            f"{PATH}: line 1, column 2: the text ends in the middle. Correct the file; it was not changed.",
        ),
        (
            OLD,
            {"config": {"IPv6": True}},
            f"{PATH}: `IPv6` is unknown; the setting is `ipv6`. Correct the file or the setting; nothing was changed.",
        ),
        (OLD, {"config": {"ipv6": "yes"}}, "`ipv6` must be true or false, found 'yes'"),
        (OLD, {"apply": "sometimes"}, "value of apply must be one of: auto, always, never"),
        (OLD, {"confg": {}}, "Unsupported parameters"),
    ],
)
@pytest.mark.parametrize("check", [True, False])
def test_failures_are_one_message(lab: Lab, content: bytes, options: dict[str, t.Any], words: str, check: bool) -> None:
    lab.daemon.content = content
    assert words in failure(docker_daemon_config, check=check, **options)
    assert lab.daemon.content == content


@pytest.mark.parametrize(("error", "rolled_back"), [(Refused, False), (_io_daemon.RolledBack, True)])
def test_failing_executor(lab: Lab, monkeypatch: pytest.MonkeyPatch, error: type[Refused], rolled_back: bool) -> None:
    def carry_out(self: object, plan: object) -> t.NoReturn:
        raise error("it did not work", "docker.service")

    monkeypatch.setattr(_io_daemon.Executor, "carry_out", carry_out)
    result = run(docker_daemon_config, config=NAT)
    assert (result["failed"], result["msg"], result["rolled_back"]) == (
        True,
        "docker.service: it did not work.",
        rolled_back,
    )


def test_missing_package_stops_only_a_real_run(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_daemon_schema, "AVAILABLE", False)
    assert "jsonschema is missing on this host" in failure(docker_daemon_config, config=NAT)
    assert config(config=NAT, check=True)["changed"] is True
