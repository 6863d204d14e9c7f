# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether an engine would take a daemon.json."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.dms.ipv6.plugins.module_utils.core.refused import Refused
from ansible_collections.dms.ipv6.plugins.module_utils.daemon import json_text, schema
from ansible_collections.dms.ipv6.plugins.module_utils.engine import version as engine_version

PATH = "/etc/docker/daemon.json"


def refuse_invalid(settings: dict[str, t.Any], version: str) -> None:
    schema.refuse_invalid(settings, engine_version.parse(version), PATH)


def refusal(settings: dict[str, t.Any], version: str) -> str:
    with pytest.raises(Refused) as reason:
        refuse_invalid(settings, version)
    return str(reason.value)


# The complete example for Linux of Docker's documentation (docker/cli, docs/reference/dockerd.md, Engine 25 to 27),
# letter by letter; it has a comma too many, after no-proxy.
EXAMPLE = r"""{
  "allow-nondistributable-artifacts": [],
  "api-cors-header": "",
  "authorization-plugins": [],
  "bip": "",
  "bridge": "",
  "builder": {
    "gc": {
      "enabled": true,
      "defaultKeepStorage": "10GB",
      "policy": [
        { "keepStorage": "10GB", "filter": ["unused-for=2200h"] },
        { "keepStorage": "50GB", "filter": ["unused-for=3300h"] },
        { "keepStorage": "100GB", "all": true }
      ]
    }
  },
  "cgroup-parent": "",
  "containerd": "/run/containerd/containerd.sock",
  "containerd-namespace": "docker",
  "containerd-plugins-namespace": "docker-plugins",
  "data-root": "",
  "debug": true,
  "default-address-pools": [
    {
      "base": "172.30.0.0/16",
      "size": 24
    },
    {
      "base": "172.31.0.0/16",
      "size": 24
    }
  ],
  "default-cgroupns-mode": "private",
  "default-gateway": "",
  "default-gateway-v6": "",
  "default-network-opts": {},
  "default-runtime": "runc",
  "default-shm-size": "64M",
  "default-ulimits": {
    "nofile": {
      "Hard": 64000,
      "Name": "nofile",
      "Soft": 64000
    }
  },
  "dns": [],
  "dns-opts": [],
  "dns-search": [],
  "exec-opts": [],
  "exec-root": "",
  "experimental": false,
  "features": {},
  "fixed-cidr": "",
  "fixed-cidr-v6": "",
  "group": "",
  "host-gateway-ip": "",
  "hosts": [],
  "proxies": {
    "http-proxy": "http://proxy.example.com:80",
    "https-proxy": "https://proxy.example.com:443",
    "no-proxy": "*.test.example.com,.example.org",
  },
  "icc": false,
  "init": false,
  "init-path": "/usr/libexec/docker-init",
  "insecure-registries": [],
  "ip": "0.0.0.0",
  "ip-forward": false,
  "ip-masq": false,
  "iptables": false,
  "ip6tables": false,
  "ipv6": false,
  "labels": [],
  "live-restore": true,
  "log-driver": "json-file",
  "log-format": "text",
  "log-level": "",
  "log-opts": {
    "cache-disabled": "false",
    "cache-max-file": "5",
    "cache-max-size": "20m",
    "cache-compress": "true",
    "env": "os,customer",
    "labels": "somelabel",
    "max-file": "5",
    "max-size": "10m"
  },
  "max-concurrent-downloads": 3,
  "max-concurrent-uploads": 5,
  "max-download-attempts": 5,
  "mtu": 0,
  "no-new-privileges": false,
  "node-generic-resources": [
    "NVIDIA-GPU=UUID1",
    "NVIDIA-GPU=UUID2"
  ],
  "oom-score-adjust": 0,
  "pidfile": "",
  "raw-logs": false,
  "registry-mirrors": [],
  "runtimes": {
    "cc-runtime": {
      "path": "/usr/bin/cc-runtime"
    },
    "custom": {
      "path": "/usr/local/bin/my-runc-replacement",
      "runtimeArgs": [
        "--debug"
      ]
    }
  },
  "seccomp-profile": "",
  "selinux-enabled": false,
  "shutdown-timeout": 15,
  "storage-driver": "",
  "storage-opts": [],
  "swarm-default-advertise-addr": "",
  "tls": true,
  "tlscacert": "",
  "tlscert": "",
  "tlskey": "",
  "tlsverify": true,
  "userland-proxy": false,
  "userland-proxy-path": "/usr/libexec/docker-proxy",
  "userns-remap": ""
}
"""


def example() -> dict[str, t.Any]:
    return json_text.read(EXAMPLE.replace('.example.org",', '.example.org"'), PATH)


def test_example_of_the_documentation_has_a_comma_too_many() -> None:
    with pytest.raises(Refused, match="line 62, column 50: a comma before }"):
        json_text.read(EXAMPLE, PATH)


@pytest.mark.parametrize("version", ["25.0.0", "26.1.5", "27.5.1"])
def test_example_of_the_documentation_is_accepted(version: str) -> None:
    refuse_invalid(example(), version)


@pytest.mark.parametrize(
    ("version", "fault"),
    [
        ("20.10.24", "`log-format` came with Docker Engine 25.0.0"),
        ("24.0.9", "`log-format` came with Docker Engine 25.0.0"),
        ("28.0.0", "`api-cors-header` is gone since Docker Engine 28.0.0"),
    ],
)
def test_example_of_the_documentation_belongs_to_its_engines(version: str, fault: str) -> None:
    assert fault in refusal(example(), version)


# (engine, settings, words of the refusal)
REFUSED = [
    (
        "26.1.5",
        {"ip6table": "x", "ipv6": "true"},
        "`ipv6` must be true or false; write true without quotes",
    ),
    ("26.1.5", {"ipv6": "False"}, "`ipv6` must be true or false; write false without quotes"),
    ("26.1.5", {"ipv6": "yes"}, "`ipv6` must be true or false."),
    ("26.1.5", {"mtu": "1500"}, "`mtu` must be a whole number"),
    ("26.1.5", {"mtu": 1500.5}, "`mtu` must be a whole number"),
    ("26.1.5", {"dns": "fd00::1"}, "`dns` must be a list"),
    ("26.1.5", {"dns": ["fd00::1", 5]}, "`dns.1` must be a string"),
    ("26.1.5", {"log-opts": {"max-size": 10}}, "`log-opts.max-size` must be a string"),
    ("26.1.5", {"log-opts": []}, "`log-opts` must be an object"),
    (
        "26.1.5",
        {"default-address-pools": [{"base": "fd00:1::/56"}]},
        "`default-address-pools.0`: 'size' is a required property",
    ),
    ("26.1.5", {"default-address-pools": {"base": "x", "size": 64}}, "`default-address-pools` must be a list"),
    (
        "26.1.5",
        {"default-address-pools": [{"base": "x", "size": "64"}]},
        "`default-address-pools.0.size` must be a whole number",
    ),
    (
        "26.1.5",
        {"default-network-opts": {"bridge": {"x": True}}},
        "`default-network-opts.bridge.x` must be a string",
    ),
    ("26.1.5", {"default-shm-size": True}, "`default-shm-size` must be a string or a whole number"),
    ("26.1.5", {"default-ulimits": {"nofile": {"Hard": "1"}}}, "`default-ulimits.nofile.Hard` must be a whole number"),
    ("26.1.5", {"IPv6": True}, "`IPv6` is unknown; the setting is `ipv6`"),
    ("20.10.24", {"Ip6Tables": True}, "`Ip6Tables` is unknown; the setting is `ip6tables`"),
    (
        "26.1.5",
        {"default-address-pool": []},
        "`default-address-pool` is accepted by dockerd and ignored; the setting is `default-address-pools`",
    ),
    ("28.5.2", {"bip6": 1}, "`bip6` must be a string"),
    ("27.5.1", {"bip6": "fd00::1/64"}, "`bip6` came with Docker Engine 28.0.0; this one is 27.5.1"),
    (
        "23.0.15",
        {"default-network-opts": {}},
        "`default-network-opts` came with Docker Engine 24.0.0; this one is 23.0.15",
    ),
    ("20.10.24", {"proxies": {}}, "`proxies` came with Docker Engine 23.0.0; this one is 20.10.24"),
    ("28.1.1", {"allow-direct-routing": True}, "`allow-direct-routing` came with Docker Engine 28.2.0"),
    ("23.0.0", {"graph": "/x"}, "`graph` is gone since Docker Engine 23.0.0; this one is 23.0.0"),
    ("20.10.24", {"ip6table": True}, "`ip6table` is unknown to Docker Engine 20.10.24; did you mean `ip6tables`"),
    ("20.10.24", {"ip-v6": True}, "did you mean `ipv6`"),
    ("20.10.24", {"userland_proxy": True}, "did you mean `userland-proxy`"),
    ("20.10.24", {"zzz": 1}, "`zzz` is unknown to Docker Engine 20.10.24. Correct"),
]


@pytest.mark.parametrize(("version", "settings", "words"), REFUSED)
def test_refused(version: str, settings: dict[str, t.Any], words: str) -> None:
    text = refusal(settings, version)
    assert text.startswith(f"{PATH}: ")
    assert words in text
    assert text.endswith("nothing was changed.")


def test_flag_names_without_a_setting() -> None:
    assert "`default-network-opt` is unknown to Docker Engine 20.10.24. Correct" in refusal(
        {"default-network-opt": []}, "20.10.24"
    )
    # Whether this very engine knows it, dockerd --validate says.
    refuse_invalid({"cluster-store-opt": []}, "28.5.2")


def test_the_namespace_of_plugins_is_in_the_plural() -> None:
    refuse_invalid({"containerd-plugins-namespace": "x"}, "20.10.24")
    words = "did you mean `containerd-plugins-namespace`"
    assert words in refusal({"containerd-plugin-namespace": "x"}, "20.10.24")


def test_every_fault_is_named() -> None:
    text = refusal({"IPv6": True, "mtu": "1", "dns": 5}, "26.1.5")
    assert all(word in text for word in ("`IPv6`", "`mtu`", "`dns`"))


@pytest.mark.parametrize("version", ["23.0.0", "26.1.5", "28.5.2", "29.0.0"])
def test_unknown_keys_are_left_to_dockerd_where_it_can_validate(version: str) -> None:
    refuse_invalid({"ip6table": True, "some-new-key": {"x": 1}}, version)
    assert schema.unknown({"ip6table": 1, "ipv6": True}, engine_version.parse(version)) == ["ip6table"]


@pytest.mark.parametrize(
    ("version", "settings"),
    [
        ("20.10.24", {"experimental": True, "ip6tables": True}),
        ("20.10.24", {"cluster-store": "etcd://x"}),
        ("26.1.5", {"features": {"buildkit": True, "containerd-snapshotter": False}}),
        ("26.1.5", {"default-shm-size": 67108864}),
        ("28.5.2", {"default-network-opts": {"bridge": {"com.docker.network.enable_ipv6": "true"}}}),
        (
            "28.5.2",
            {
                "default-address-pools": [
                    {"base": "10.0.0.0/8", "size": 24},
                    {"base": "fd12:3456:789a::/48", "size": 64},
                ]
            },
        ),
        ("29.0.0", {"firewall-backend": "nftables", "bridge-accept-fwmark": "1"}),
        ("28.5.2", {}),
    ],
)
def test_accepted(version: str, settings: dict[str, t.Any]) -> None:
    refuse_invalid(settings, version)


def test_without_jsonschema_names_are_still_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schema, "available", lambda: False)
    refuse_invalid({"ipv6": "no boolean"}, "26.1.5")
    assert "`IPv6` is unknown" in refusal({"IPv6": True}, "26.1.5")


@pytest.mark.parametrize(
    ("settings", "asked"),
    [
        ({"ipv6": True, "experimental": False}, False),
        ({"log-level": "info", "mtu": 1400, "ip6tables": True}, False),
        ({"no-such-key": 1, "ip6tables": True}, False),
        ({"mtu": 1401}, True),
        ({"mtu": True}, True),
        ({"ip6tables": 1}, True),
        ({"dns": ["fd00::1"]}, True),
    ],
)
def test_jsonschema_is_used_where_it_is_not_plain(
    monkeypatch: pytest.MonkeyPatch, settings: dict[str, t.Any], asked: bool
) -> None:
    """It takes long to load. What the daemon has loaded fits, and so does true where a boolean is wanted."""
    found: list[bool] = []

    def available() -> bool:
        found.append(True)
        return False

    monkeypatch.setattr(schema, "available", available)
    loaded = {"log-level": "info", "mtu": 1400, "ip6tables": False}
    schema.refuse_invalid(settings, engine_version.parse("28.5.2"), PATH, loaded)
    assert found == [True] * asked
