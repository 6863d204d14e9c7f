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
