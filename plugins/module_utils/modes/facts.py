# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan of a mode as the module docker_ipv6_info returns it: what planner, docker_ipv6 and role agree on.

Each key is documented in RETURN of docker_ipv6_info. Options are those of the module that the key is for.
"""

from __future__ import annotations

import typing as t

Options = dict[str, t.Any]


class Plan(t.TypedDict):
    """What the plan of every mode has."""

    changed: bool
    steps: list[str]
    packages: list[str]
    warnings: list[str]
    effects: dict[str, t.Any]


class Nat(Plan):
    """Mode ``nat``."""

    config: Options
    subnets: list[str]
    network: str
    containers: list[str]
    compose: list[Options]
    networks: list[Options]
    gai_conf: Options
    prove_on: list[str]
    families: list[str]
    ports: list[list[t.Any]]
    firewall: Options
    ndp: list[Options]


class Routed(Plan):
    """Mode ``routed``."""

    config: Options
    subnets: list[str]
    network: str
    containers: list[str]
    addresses: dict[str, str]
    firewall: Options
    ndp: list[Options]
    responder: str
    prove_on: list[str]
    families: list[str]
    ports: list[list[t.Any]]


class Prevent(Plan):
    """Mode ``prevent``."""

    subnets: list[str]
    expect: str
    config: Options
    compose: list[Options]
    waiting: list[str]
    prove_on: list[str]
    address: str
    families: list[str]
    ports: list[list[t.Any]]


class Absent(Plan):
    """Mode ``absent``."""

    files: list[str]
    gai_conf: Options
    ndp: list[Options]
    networks: list[Options]
    firewall: Options
