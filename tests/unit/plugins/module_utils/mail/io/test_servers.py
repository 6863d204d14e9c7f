# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which containers are looked into."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.dms.ipv6.plugins.module_utils.engine.io import container_exec
from ansible_collections.dms.ipv6.plugins.module_utils.engine.io.api import Docker
from ansible_collections.dms.ipv6.plugins.module_utils.mail import programs as mail_programs
from ansible_collections.dms.ipv6.plugins.module_utils.mail.io import servers
from ansible_collections.dms.ipv6.tests.unit.plugins.module_utils.hosts import host
from ansible_collections.dms.ipv6.tests.unit.plugins.module_utils.mail_containers import container, recorded

MAIL = (container(name="one"), container(name="web", ports=(80, 443)), container(name="two", ports=(80, 993)))
ENGINE = Docker("/nowhere")


class Containers:
    """What each container says, and what was run in it."""

    def __init__(self) -> None:
        self.said = {
            "one-id": container_exec.Answer(recorded("relay"), True),
            "two-id": container_exec.Answer("", True),
        }
        self.asked: list[tuple[t.Any, ...]] = []

    def run(self, *asked: t.Any) -> container_exec.Answer:
        self.asked.append(asked)
        return self.said[asked[1]]


@pytest.fixture
def there(monkeypatch: pytest.MonkeyPatch) -> Containers:
    found = Containers()
    monkeypatch.setattr(container_exec, "run", found.run)
    return found


def ids(*more: str) -> list[tuple[str, str]]:
    found = host(containers=MAIL)
    return [(one.id, one.severity) for one in servers.findings(ENGINE, found, more)]


def test_one_command_for_each_container_that_publishes_a_mail_port(there: Containers) -> None:
    assert ids() == [("open_relay", "critical"), ("gateway_in_log", "warning")]
    command = mail_programs.command(["172.17.0.1"])  # type: ignore[list-item]
    assert there.asked == [(ENGINE, name, command, 20.0, 10 * 1024 * 1024, False) for name in ("one-id", "two-id")]


def test_who_does_not_answer(there: Containers) -> None:
    there.said["two-id"] = container_exec.Answer("", False)
    assert ids()[-1] == ("not_examined", "info")
    there.said["one-id"] = container_exec.Answer(recorded("relay")[:-10], False)
    assert ids() == [("open_relay", "critical"), ("not_examined", "info"), ("not_examined", "info")]


@pytest.mark.parametrize("status", ["paused", "restarting"])
def test_nothing_is_run_in_one_that_is_paused_or_restarts(there: Containers, status: str) -> None:
    found = host(containers=(MAIL[0]._replace(status=status),))
    assert [one.id for one in servers.findings(ENGINE, found, ())] == ["not_examined"]
    assert there.asked == []


def test_who_is_to_have_ipv6(there: Containers) -> None:
    text = recorded("relay").replace("inet_protocols = all", "inet_protocols = ipv4")
    there.said["one-id"] = container_exec.Answer(text, True)
    assert ("inet_protocols_conflict", "warning") in ids("one")
    assert ("inet_protocols_conflict", "warning") not in ids("two")
