# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of docker_ipv6_info and docker_ipv6. The controller checks them, too, before it asks a host's program."""

from __future__ import annotations

import typing as t

READING: dict[str, t.Any] = {
    "mode": {"type": "str", "choices": ["audit", "nat", "routed", "prevent", "absent"], "default": "audit"},
    "network": {"type": "str", "default": "dms-ipv6"},
    "subnet": {"type": "str", "default": "auto"},
    "prefix_length": {"type": "int", "default": 64},
    "fleet_prefix": {"type": "str", "default": ""},
    "addresses": {"type": "dict", "default": {}},
    "interface": {"type": "str", "default": ""},
    "ndp_backend": {"type": "str", "choices": ["auto", "kernel", "networkd", "ndppd"], "default": "auto"},
    "containers": {"type": "list", "elements": "str", "default": []},
    "select": {"type": "str", "choices": ["named", "masked", "all"], "default": "named"},
    "attach": {"type": "str", "choices": ["auto", "network", "default_bridge", "compose"], "default": "auto"},
    "compose_files": {"type": "list", "elements": "path", "default": []},
    "compose_shape": {"type": "str", "choices": ["default", "named", "external"], "default": "default"},
    "compose_services": {"type": "list", "elements": "str", "default": []},
    "compose_edit": {"type": "str", "choices": ["file", "override"], "default": "file"},
    "address_pool": {"type": "str", "default": ""},
    "userland_proxy": {"type": "bool"},
    "prevent_compose": {"type": "bool", "default": False},
    "allow_container_restart": {"type": "bool", "default": False},
    "allow_exposure": {"type": "list", "elements": "str", "default": []},
    "allow_forwarding": {"type": "list", "elements": "str", "default": []},
    "allow_leak": {"type": "list", "elements": "str", "default": []},
    "mail": {"type": "bool", "default": False},
    "mail_as_root": {"type": "bool", "default": False},
    "gai_conf": {"type": "bool", "default": False},
    "gai_conf_precedence": {"type": "bool", "default": False},
    "gai_conf_prefixes": {"type": "list", "elements": "str", "default": []},
    "names": {"type": "list", "elements": "str", "default": []},
    "docker_socket": {"type": "path", "default": "/var/run/docker.sock"},
}
# Those that only a reading takes.
NOT_ASKED: dict[str, t.Any] = {"mail": False, "mail_as_root": False, "names": []}
CHANGING: dict[str, t.Any] = {
    **{name: option for name, option in READING.items() if name not in NOT_ASKED},
    "mode": {"type": "str", "choices": ["nat", "routed", "prevent", "absent"], "required": True},
    "gai_conf_name": {"type": "str", "default": ""},
    "allow_engine_upgrade": {"type": "bool", "default": False},
    "allow_forward_drop": {"type": "bool", "default": False},
    "confirm_within": {"type": "int", "default": 0},
    "confirm_reach": {"type": "str", "default": ""},  # the action plugin's
}
