# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of daemon.json's keys, and the JSON Schema made of it."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.dms.ipv6.plugins.module_utils.core.refused import Refused
from ansible_collections.dms.ipv6.plugins.module_utils.daemon import keys
from ansible_collections.dms.ipv6.plugins.module_utils.daemon import schema as daemon_schema
from ansible_collections.dms.ipv6.plugins.module_utils.engine import version as engine_version
from jsonschema import Draft7Validator

# The kind of a schema -> values that it takes, values that it does not.
SAMPLES: dict[str, tuple[list[t.Any], list[t.Any]]] = {
    "boolean": ([True, False], ["true", 1, 0, None, [], {}]),
    "string": (["", "x"], [True, 1, None, ["x"], {}]),
    "integer": ([0, 1500, -1], ["1", True, 1.5, None, [], {}]),
    "array": ([[]], ["x", True, 1, {}, None]),
    "object": ([{}], ["x", True, 1, [], None]),
    "size": (["64M", 67108864], [True, None, [], {}, 1.5]),
}


def kind(key: keys.Key) -> str:
    wanted = key.schema["type"]
    return "size" if isinstance(wanted, list) else str(wanted)


def version_of(key: keys.Key) -> engine_version.Version:
    """An engine that knows a key."""
    return key.first or engine_version.OLDEST


# One key of each schema: what a key is called decides nothing.
EACH = {str(key.schema): name for name, key in keys.KEYS.items()}


@pytest.mark.parametrize("name", EACH.values())
def test_each_schema_takes_its_type_and_refuses_others(name: str) -> None:
    key = keys.KEYS[name]
    taken, refused = SAMPLES[kind(key)]
    Draft7Validator.check_schema(key.schema)
    for value in taken:
        daemon_schema.refuse_invalid({name: value}, version_of(key), "f")
    for value in refused:
        with pytest.raises(Refused) as reason:
            daemon_schema.refuse_invalid({name: value}, version_of(key), "f")
        assert str(reason.value).startswith(f"f: `{name}` must be ")


# (key, the last engine without it, the first with it)
NEW_KEYS = [
    ("proxies", "20.10.27", "23.0.0"),
    ("http-proxy", "20.10.27", "23.0.0"),
    ("default-network-opts", "23.0.15", "24.0.0"),
    ("log-format", "24.0.9", "25.0.0"),
    ("bip6", "27.5.1", "28.0.0"),
    ("ip-forward-no-drop", "27.5.1", "28.0.0"),
    ("host-gateway-ips", "27.5.1", "28.0.0"),
    ("allow-direct-routing", "28.1.1", "28.2.0"),
    ("firewall-backend", "28.5.2", "29.0.0"),
    ("bridge-accept-fwmark", "28.5.2", "29.0.0"),
    ("min-api-version", "28.5.2", "29.0.0"),
]
# (key, the last engine with it, the first without it)
OLD_KEYS = [
    ("cluster-store", "20.10.27", "23.0.0"),
    ("graph", "20.10.27", "23.0.0"),
    ("deprecated-key-path", "24.0.9", "25.0.0"),
    ("api-cors-header", "27.5.1", "28.0.0"),
]


@pytest.mark.parametrize(("name", "without", "with_it"), [*NEW_KEYS, *[(a, c, b) for a, b, c in OLD_KEYS]])
def test_known(name: str, without: str, with_it: str) -> None:
    assert name not in keys.known(engine_version.parse(without))
    assert name in keys.known(engine_version.parse(with_it))


@pytest.mark.parametrize("version", ["20.10.0", "29.7.2"])
def test_what_is_always_known(version: str) -> None:
    names = {"ipv6", "ip6tables", "experimental", "fixed-cidr-v6", "userland-proxy", "live-restore"}
    assert names <= keys.known(engine_version.parse(version)).keys()


@pytest.mark.parametrize(
    ("name", "version", "expected"),
    [
        ("ip6tables", "20.10.24", False),
        ("ip6tables", "26.1.5", False),
        ("ip6tables", "27.0.1", True),
        ("ip6tables", "28.5.2", True),
        ("experimental", "26.1.5", False),
        ("userland-proxy", "28.5.2", True),
        ("iptables", "20.10.24", True),
        ("live-restore", "28.5.2", False),
        ("ipv6", "28.5.2", False),
        ("mtu", "28.5.2", 1500),
        ("runtimes", "28.5.2", None),
        ("no-such-key", "28.5.2", None),
    ],
)
def test_default(name: str, version: str, expected: t.Any) -> None:
    assert keys.default(name, engine_version.parse(version)) == expected


# dockerd's own list: a reload applies these.
RELOADABLE = [
    "debug",
    "labels",
    "live-restore",
    "max-concurrent-downloads",
    "max-concurrent-uploads",
    "max-download-attempts",
    "default-runtime",
    "runtimes",
    "authorization-plugins",
    "allow-nondistributable-artifacts",
    "insecure-registries",
    "registry-mirrors",
    "shutdown-timeout",
    "features",
    "default-shm-size",
    "default-ipc-mode",
    "default-cgroupns-mode",
    "network-diagnostic-port",
    "default-stop-timeout",
    "nri-opts",
]


def test_reloadable() -> None:
    present = {name: key.neutral for name, key in keys.KEYS.items()}
    assert {name for name in keys.KEYS if keys.reloadable(name, present)} == set(RELOADABLE)
    assert not keys.reloadable("no-such-key", {"no-such-key": 1})


NEUTRAL = [name for name, key in keys.KEYS.items() if key.neutral is not None]


def test_a_key_that_is_gone() -> None:
    """It is unchanged to dockerd, so a reload brings only those that can be written out as not set."""
    assert [name for name in keys.KEYS if keys.reloadable(name, {})] == NEUTRAL != []


@pytest.mark.parametrize("name", NEUTRAL)
def test_neutral_is_of_the_type_and_the_default(name: str) -> None:
    key = keys.KEYS[name]
    assert key.reload
    assert Draft7Validator(key.schema).is_valid(key.neutral)
    assert keys.default(name, version_of(key)) == key.neutral


def test_schema_lets_unknown_keys_pass() -> None:
    schema = keys.schema(engine_version.parse("26.1.5"))
    Draft7Validator.check_schema(schema)
    assert Draft7Validator(schema).is_valid({"no-such-key": 1, "ipv6": True})
    assert not Draft7Validator(schema).is_valid({"ipv6": 1})
