# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What speaks against a restart of the daemon, and what consent does about it."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.dms.ipv6.plugins.module_utils.core.refused import Refused
from ansible_collections.dms.ipv6.plugins.module_utils.daemon import restart_checks
from ansible_collections.dms.ipv6.plugins.module_utils.daemon.restart_checks import Consent, Surroundings
from ansible_collections.dms.ipv6.plugins.module_utils.engine import version as engine_version

UNIT = "docker.service"
SETTINGS = {"ip6tables": True, "experimental": True}
NO, YES = Consent(), Consent(True, True, True)
BUT_RESTART, BUT_UPGRADE, BUT_DROP = Consent(False, True, True), Consent(True, False, True), Consent(True, True, False)


def around(**more: t.Any) -> Surroundings:
    fields: dict[str, t.Any] = {
        "next_flags": {},
        "next_version": None,
        "bound_units": (),
        "client_units": (),
        "forwards": False,
        "other_paths": (),
        "forward_policy_drops": False,
        "kill_mode": "",
    }
    return Surroundings(**{**fields, **more})


def test_runtimes_may_be_in_both_places() -> None:
    found = around(next_flags={"runtimes": "oci=/usr/sbin/runc"})
    settings = {**SETTINGS, "runtimes": {"nvidia": {"path": "nvidia-container-runtime"}}}
    restart_checks.refuse(found, settings, engine_version.parse("26.1.5"), UNIT, False, YES)


def refuse(found: Surroundings, consent: Consent, version: str = "26.1.5", turns_on: bool = True) -> None:
    restart_checks.refuse(found, SETTINGS, engine_version.parse(version), UNIT, turns_on, consent)


ROUTER = {"forwards": True, "other_paths": ("virbr0", "wg0")}
UPGRADE = {"next_version": engine_version.parse("28.5.2")}
# (surroundings, words of the refusal, consents that leave it, consents that lift it)
REASONS: list[tuple[dict[str, t.Any], str, list[Consent], list[Consent]]] = [
    (
        {"next_flags": {"ip6tables": "false", "hosts": "fd://"}},
        (
            "docker.service starts dockerd with --ip6tables=false, and ip6tables is in the file too; dockerd does not"
            " start with both. Take the flag out of the unit, its drop-ins and its environment file."
        ),
        [NO, YES],
        [],
    ),
    (
        {"kill_mode": "control-group"},
        (
            "docker.service: systemd would kill every container with the daemon (KillMode=control-group), whatever"
            " live-restore says. Set KillMode=process in a drop-in of the unit (systemctl edit), then run this again."
        ),
        [NO, YES],
        [],
    ),
    (
        {"own_mounts": True},
        (
            "docker.service: a restart would cut running containers off their networks, whatever live-restore says: the"
            " unit gives dockerd mounts of its own, and the network namespaces of containers are among them. Take"
            " PrivateMounts, PrivateTmp, MountFlags, Protect* and the like out of the unit (systemctl cat), restart"
            " Docker when its containers may stop, then run this again."
        ),
        [NO, YES],
        [],
    ),
    (
        UPGRADE,
        (
            "docker.service: a restart would also change the engine from 26.1.5 to 28.5.2, which is installed. Set"
            " allow_engine_upgrade to consent, or restart Docker yourself first."
        ),
        [NO, BUT_UPGRADE],
        [YES, Consent(engine_upgrade=True)],
    ),
    (
        {"bound_units": ("mail.service", "a.service"), "client_units": ("web.service", "a.service")},
        (
            "docker.service: a restart would stop a.service, mail.service, web.service: live-restore does not keep"
            " services alive that depend on docker.service or run a Docker client. Set allow_container_restart to"
            " consent."
        ),
        [NO, BUT_RESTART],
        [YES, Consent(container_restart=True)],
    ),
    ({"bound_units": ("mail.service",)}, "would stop mail.service: ", [NO, BUT_RESTART], [YES]),
    ({"client_units": ("web.service",)}, "would stop web.service: ", [NO, BUT_RESTART], [YES]),
    (
        ROUTER,
        (
            "ip6tables: Docker Engine 26.1.5 sets the IPv6 FORWARD policy to DROP with ip6tables, and this host"
            " forwards IPv6 for others (virbr0, wg0). Add rules that accept that traffic, then set"
            " allow_forward_drop to consent."
        ),
        [NO, BUT_DROP],
        [YES, Consent(forward_drop=True)],
    ),
]


@pytest.mark.parametrize(("found", "words", "refused", "accepted"), REASONS)
def test_each_reason_and_its_consent(
    found: dict[str, t.Any], words: str, refused: list[Consent], accepted: list[Consent]
) -> None:
    for consent in refused:
        with pytest.raises(Refused) as reason:
            refuse(around(**found), consent)
        assert words in str(reason.value)
    for consent in accepted:
        refuse(around(**found), consent)


@pytest.mark.parametrize(
    ("found", "version", "turns_on"),
    [
        ({}, "26.1.5", True),
        ({"next_flags": {"hosts": "fd://"}}, "26.1.5", True),
        ({"next_version": engine_version.parse("26.1.5")}, "26.1.5", True),
        ({**ROUTER, "forwards": False}, "26.1.5", True),
        ({**ROUTER, "other_paths": ()}, "26.1.5", True),
        ({**ROUTER, "forward_policy_drops": True}, "26.1.5", True),
        (ROUTER, "26.1.5", False),
        (ROUTER, "28.0.0", True),
    ],
)
def test_no_reason(found: dict[str, t.Any], version: str, turns_on: bool) -> None:
    refuse(around(**found), NO, version, turns_on)


@pytest.mark.parametrize("version", ["20.10.24", "26.1.5", "27.5.1"])
def test_forwarding_is_dropped_by_every_engine_before_28(version: str) -> None:
    with pytest.raises(Refused, match=f"Docker Engine {version} sets the IPv6 FORWARD policy to DROP"):
        refuse(around(**ROUTER), NO, version)
