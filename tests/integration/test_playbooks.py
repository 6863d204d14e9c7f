# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbooks from end to end: enabled, taken back, and the host is as it was."""

from __future__ import annotations

from tests.integration.lab_host import Host, clean, play, settings, started


def networks(host: Host) -> str:
    """Every network, and the container's place on each."""
    return host.run(
        "docker network ls --format '{{.Name}} {{.ID}}' | sort;"
        "docker inspect -f '{{json .NetworkSettings.Networks}}' mail"
    )


def test_enabled_and_taken_back(engine: Host) -> None:
    clean(engine)
    before = networks(engine), settings(engine), started(engine)
    done = play(engine.name, dms_ipv6_containers=["mail"], dms_ipv6_probe_hosts=["client"])
    assert done.returncode == 0, done.stdout + done.stderr
    assert "dms-ipv6" in networks(engine)
    again = play(engine.name, dms_ipv6_containers=["mail"], dms_ipv6_probe_hosts=["client"])
    assert "changed=0 " in again.stdout
    done = play(engine.name, "undo")
    assert done.returncode == 0, done.stdout + done.stderr
    assert (networks(engine), settings(engine), started(engine)) == before


def test_two_hosts_with_one_subnet(hosts: dict[str, Host]) -> None:
    """Found on the controller, before anything is changed on any host."""
    names = ["bookworm", "trixie"]
    for name in names:
        clean(hosts[name])
    before = [(networks(hosts[name]), settings(hosts[name])) for name in names]
    done = play("bookworm,trixie", dms_ipv6_containers=["mail"], dms_ipv6_subnet="fd5c:1ab0:77:1::/64")
    assert done.returncode == 2
    said = " ".join((done.stdout + done.stderr).split())
    assert "bookworm" in said and "trixie" in said and "fd5c:1ab0:77:1::/64" in said
    assert "Nothing was changed on any host" in said
    assert [(networks(hosts[name]), settings(hosts[name])) for name in names] == before


def test_audit_tells_the_truth_and_changes_nothing(engine: Host) -> None:
    clean(engine)
    before = engine.state()
    done = play(engine.name, "audit", dms_ipv6_probe_hosts=["client"])
    assert done.returncode == 0, done.stdout + done.stderr
    assert "CRITICAL masked: mail 80: IPv6 clients appear as 172.17.0.1" in done.stdout
    assert "changed=0 " in done.stdout
    for fail_on, code in (("critical", 2), ("warning", 2), ("never", 0)):
        done = play(engine.name, "audit", dms_ipv6_fail_on=fail_on)
        assert done.returncode == code, done.stdout + done.stderr
        assert ("because dms_ipv6_fail_on is" in " ".join((done.stdout + done.stderr).split())) is (code == 2)
    assert engine.state() == before
