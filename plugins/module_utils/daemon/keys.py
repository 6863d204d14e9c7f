# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every key of daemon.json: its type, the engines that know it, and whether a reload applies it."""

from __future__ import annotations

import contextlib
import ipaddress
import typing as t

from ..engine import version as engine_version
from ..engine.version import Version

JsonSchema = dict[str, t.Any]

BOOL: JsonSchema = {"type": "boolean"}
TEXT: JsonSchema = {"type": "string"}
WHOLE: JsonSchema = {"type": "integer"}
TEXTS: JsonSchema = {"type": "array", "items": TEXT}
OBJECT: JsonSchema = {"type": "object"}
TEXT_MAP: JsonSchema = {"type": "object", "additionalProperties": TEXT}
POOLS: JsonSchema = {
    "type": "array",
    "items": {
        "type": "object",
        "properties": {"base": TEXT, "size": WHOLE, "scope": TEXT},
        "required": ["base", "size"],
        "additionalProperties": False,
    },
}
ULIMITS: JsonSchema = {
    "type": "object",
    "additionalProperties": {"type": "object", "properties": {"Name": TEXT, "Hard": WHOLE, "Soft": WHOLE}},
}
NETWORK_OPTS: JsonSchema = {"type": "object", "additionalProperties": TEXT_MAP}
RUNTIMES: JsonSchema = {"type": "object", "additionalProperties": OBJECT}
FEATURES: JsonSchema = {"type": "object", "additionalProperties": {"type": ["boolean", "object", "string"]}}
# 20.10 took "tls": as a boolean only; a number in a string ("500m") is how sizes are written.
SIZE: JsonSchema = {"type": ["string", "integer"]}


class Key(t.NamedTuple):
    """One key.

    Attributes:
        schema: its JSON Schema.
        first: the first engine that knows it; None for 20.10 or before.
        gone: the first engine that no longer knows it; None while it is there.
        reload: whether ``systemctl reload docker`` applies it (moby daemon/reload.go); if not, only a restart does.
        default: what the engine does without it, where the answer matters to us.
        bridge: whether it is about the default bridge alone, which dockerd leaves as it is while containers run
            (seen on 20.10.24, 26.1.5 and 28.5.2).
        neutral: for one that a reload applies, the value that means "not set": a reload takes an absent key as
            unchanged, so that a removed key must be written out once (moby daemon/reload.go).
    """

    schema: JsonSchema
    first: Version | None = None
    gone: Version | None = None
    reload: bool = False
    default: t.Any = None
    neutral: t.Any = None
    bridge: bool = False


def _rows(schema: JsonSchema, names: str, **more: t.Any) -> dict[str, Key]:
    return {name: Key(schema, **more) for name in names.split()}


KEYS: dict[str, Key] = {
    # What this collection sets. ip6tables defaults to true from 27.0: see default().
    **_rows(BOOL, "ip6tables experimental", default=False),
    **_rows(BOOL, "iptables ip-forward userland-proxy", default=True),
    **_rows(BOOL, "live-restore", reload=True, default=False, neutral=False),
    **_rows(TEXT, "userland-proxy-path"),
    "ipv6": Key(BOOL, bridge=True, default=False),
    **_rows(BOOL, "icc ip-masq", bridge=True, default=True),
    "mtu": Key(WHOLE, bridge=True, default=1500),
    **_rows(TEXT, "fixed-cidr-v6 default-gateway-v6 bip fixed-cidr default-gateway bridge ip", bridge=True),
    "default-address-pools": Key(POOLS),
    "default-network-opts": Key(NETWORK_OPTS, first=Version(24, 0)),
    "bip6": Key(TEXT, first=Version(28, 0), bridge=True),
    "ip-forward-no-drop": Key(BOOL, first=Version(28, 0), default=False),
    "host-gateway-ips": Key(TEXTS, first=Version(28, 0)),
    "allow-direct-routing": Key(BOOL, first=Version(28, 2), default=False),
    "firewall-backend": Key(TEXT, first=Version(29, 0)),
    "bridge-accept-fwmark": Key(TEXT, first=Version(29, 0)),
    "min-api-version": Key(TEXT, first=Version(29, 0)),
    # What a reload applies.
    **_rows(BOOL, "debug", reload=True, neutral=False),
    **_rows(TEXTS, "labels authorization-plugins insecure-registries registry-mirrors", reload=True, neutral=[]),
    **_rows(TEXTS, "allow-nondistributable-artifacts", reload=True, neutral=[]),
    **_rows(
        WHOLE, "max-concurrent-downloads max-concurrent-uploads max-download-attempts shutdown-timeout", reload=True
    ),
    **_rows(WHOLE, "network-diagnostic-port", reload=True),
    **_rows(TEXT, "default-runtime default-ipc-mode default-cgroupns-mode", reload=True),
    **_rows(SIZE, "default-shm-size", reload=True),
    **_rows(RUNTIMES, "runtimes", reload=True),
    **_rows(FEATURES, "features", reload=True),
    # What only a restart applies.
    **_rows(
        TEXT,
        "cgroup-parent containerd containerd-namespace containerd-plugins-namespace data-root exec-root group"
        " host-gateway-ip init-path log-driver log-level metrics-addr pidfile seccomp-profile storage-driver"
        " swarm-default-advertise-addr tlscacert tlscert tlskey userns-remap",
    ),
    **_rows(BOOL, "init no-new-privileges raw-logs rootless selinux-enabled tls tlsverify"),
    **_rows(WHOLE, "cpu-rt-period cpu-rt-runtime network-control-plane-mtu"),
    **_rows(TEXTS, "dns dns-opts dns-search exec-opts hosts node-generic-resources storage-opts"),
    **_rows(TEXT_MAP, "log-opts"),
    **_rows(ULIMITS, "default-ulimits"),
    **_rows(OBJECT, "builder"),
    **_rows(TEXT_MAP, "proxies", first=Version(23, 0)),
    **_rows(TEXT, "http-proxy https-proxy no-proxy", first=Version(23, 0)),
    **_rows(TEXT, "log-format", first=Version(25, 0)),
    **_rows(TEXTS, "cdi-spec-dirs", first=Version(25, 0)),
    **_rows(WHOLE, "default-stop-timeout", first=Version(29, 0), reload=True),
    **_rows(OBJECT, "nri-opts", first=Version(29, 0), reload=True),
    # Gone from later engines, which then refuse to start with them.
    **_rows(TEXT, "cluster-store cluster-advertise", gone=Version(23, 0)),
    **_rows(TEXT_MAP, "cluster-store-opts", gone=Version(23, 0)),
    **_rows(TEXT, "graph", gone=Version(23, 0)),
    **_rows(TEXT, "api-cors-header", gone=Version(28, 0)),
    **_rows(BOOL, "cri-containerd"),
    **_rows(WHOLE, "oom-score-adjust"),
    **_rows(TEXT, "deprecated-key-path", gone=Version(25, 0)),
}


def known(version: Version) -> dict[str, Key]:
    """The keys that an engine knows."""
    return {name: key for name, key in KEYS.items() if engine_version.between(version, key.first, key.gone)}


def schema(version: Version) -> JsonSchema:
    """The JSON Schema of a whole daemon.json for one engine.

    Keys that are not in the table pass: *this* dockerd itself says whether it takes them.
    """
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "type": "object",
        "properties": {name: key.schema for name, key in known(version).items()},
    }


def default(name: str, version: Version) -> t.Any:
    """What an engine does without a key; None where it does not matter to us."""
    if name == "ip6tables":
        return engine_version.has(version, "ip6tables_by_default")
    key = KEYS.get(name)
    if key is None:
        return None
    return key.neutral if key.default is None else key.default


def reloadable(name: str, settings: t.Mapping[str, t.Any]) -> bool:
    """Whether a reload brings a key to its value in ``settings``; False for one that is not in the table."""
    key = KEYS.get(name)
    return bool(key and key.reload and (name in settings or key.neutral is not None))


def of_default_bridge(name: str) -> bool:
    """Whether a key is about the default bridge, which dockerd remakes only at a start with no container running."""
    key = KEYS.get(name)
    return bool(key and key.bridge)


def normal(name: str, value: t.Any) -> t.Any:
    """One spelling for values that mean the same to dockerd."""
    if name == "mtu":
        return value or KEYS[name].default
    if name == "fixed-cidr-v6":
        with contextlib.suppress(ValueError):
            return str(ipaddress.ip_network(value, strict=False))
    return value
