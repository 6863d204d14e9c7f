# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""dockerd's command line, as it runs and as its unit would start it."""

from __future__ import annotations

import pytest
from ansible_collections.dms.ipv6.plugins.module_utils.daemon import command_line, keys
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        (["dockerd"], {}),
        ([], {}),
        (
            ["/usr/sbin/dockerd", "-H", "fd://", "--containerd=/run/containerd/containerd.sock"],
            {"hosts": "fd://", "containerd": "/run/containerd/containerd.sock"},
        ),
        (["dockerd", "-H", "fd://", "--host=tcp://[::]:2375"], {"hosts": "fd://,tcp://[::]:2375"}),
        (["dockerd", "--debug", "--ip6tables=false"], {"debug": "true", "ip6tables": "false"}),
        (["dockerd", "-D", "-l", "warn"], {"debug": "true", "log-level": "warn"}),
        (["dockerd", "--label", "a=b", "--label=c=d"], {"labels": "a=b,c=d"}),
        (["dockerd", "--config-file", "/etc/x.json", "--ipv6"], {"config-file": "/etc/x.json", "ipv6": "true"}),
        (
            ["dockerd", "--dns-opt=x", "--storage-opt=y", "--log-opt=z=1"],
            {"dns-opts": "x", "storage-opts": "y", "log-opts": "z=1"},
        ),
        (["dockerd", "word", "--mtu=1450"], {"mtu": "1450"}),
    ],
)
def test_parse(command: list[str], expected: dict[str, str]) -> None:
    assert command_line.parse(command) == expected


@pytest.mark.parametrize(
    ("words", "name", "value"),
    [
        ("--add-runtime=x=/y", "runtimes", "x=/y"),
        ("--insecure-registry=x", "insecure-registries", "x"),
        ("--default-ulimit=x", "default-ulimits", "x"),
        ("-s overlay2", "storage-driver", "overlay2"),
        ("-p /x", "pidfile", "/x"),
        ("-b br0", "bridge", "br0"),
        ("-G docker", "group", "docker"),
        ("-g /data", "data-root", "/data"),
        ("--authorization-plugin=x", "authorization-plugins", "x"),
        ("--node-generic-resource=x", "node-generic-resources", "x"),
        ("--default-network-opt=x", "default-network-opts", "x"),
        ("--default-address-pool base=10.0.0.0/8,size=24", "default-address-pools", "base=10.0.0.0/8,size=24"),
        ("--cdi-spec-dir=x", "cdi-spec-dirs", "x"),
        ("-lwarn", "log-level", "warn"),
        ("--ip6tables=", "ip6tables", ""),
        ("--registry-mirror=a --registry-mirror=b", "registry-mirrors", "a,b"),
        ("-H", "hosts", "true"),
        ("- --mtu=1", "mtu", "1"),
    ],
)
def test_parse_one(words: str, name: str, value: str) -> None:
    assert command_line.parse(["dockerd", *words.split()])[name] == value


@pytest.mark.parametrize("text", ["1", "t", "T", "TRUE", "true", "True", "0", "f", "F", "FALSE", "false", "False"])
def test_switches_as_go_reads_them(text: str) -> None:
    expected = "true" if text.lower() in ("1", "t", "true") else "false"
    assert command_line.parse(["dockerd", f"--experimental={text}"]) == {"experimental": expected}
    assert command_line.parse(["dockerd", f"-D={text}"]) == {"debug": expected}


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        # What dockerd would not start with stays as it is.
        ("--experimental=yes --ipv6=tRuE", {"experimental": "yes", "ipv6": "tRuE"}),
        # A switch takes no word; every other option takes the next one, whatever it looks like.
        ("--ipv6 --mtu 1450", {"ipv6": "true", "mtu": "1450"}),
        ("--ipv6 false --mtu 1450", {"ipv6": "true", "mtu": "1450"}),
        ("--bridge --ipv6 --mtu 1", {"bridge": "--ipv6", "mtu": "1"}),
        ("--label -D", {"labels": "-D"}),
        ("-l -D", {"log-level": "-D"}),
        # One that is not in our table: dockerd takes no words beside options.
        ("--new-thing x --newer", {"new-thing": "x", "newer": "true"}),
        ("--newer --ipv6", {"newer": "true", "ipv6": "true"}),
        # The last one counts, except for those that may be given several times.
        ("--mtu=1400 --mtu 1500", {"mtu": "1500"}),
        ("--ipv6=false --ipv6", {"ipv6": "true"}),
        ("--ip6tables --ip6tables=0", {"ip6tables": "false"}),
        ("-l warn --log-level=info", {"log-level": "info"}),
        ("--dns=::1 --dns ::2", {"dns": "::1,::2"}),
        ("-H fd:// -H tcp://[::1]:1", {"hosts": "fd://,tcp://[::1]:1"}),
        # Letters together, with a value for the last one.
        ("-DH fd://", {"debug": "true", "hosts": "fd://"}),
        ("-DHfd://", {"debug": "true", "hosts": "fd://"}),
        ("-DH=fd://", {"debug": "true", "hosts": "fd://"}),
        ("-H=a=b", {"hosts": "a=b"}),
        ("-H==b", {"hosts": "=b"}),
        ("--log-opt=tag=x=y", {"log-opts": "tag=x=y"}),
        ("-- --mtu=1", {}),
        ("--ipv6 -- --mtu=1", {"ipv6": "true"}),
        ("--mtu -- --ipv6", {"mtu": "--", "ipv6": "true"}),
    ],
)
def test_options_as_pflag_reads_them(words: str, expected: dict[str, str]) -> None:
    assert command_line.parse(["dockerd", *words.split()]) == expected


@given(st.lists(st.text()))
def test_no_command_line_is_too_strange(command: list[str]) -> None:
    assert all(isinstance(value, str) for value in command_line.parse(command).values())


@given(st.text(), st.text())
def test_no_unit_is_too_strange(shown: str, text: str) -> None:
    command_line.unit_command(shown, command_line.environment_file(text))
    command_line.unit_command("argv[]=d $OPTS ${OPTS} ; ignore_errors=", {"OPTS": text})
    assert isinstance(command_line.words(text), list)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("--log-opt tag=it's", ["--log-opt", "tag=its"]),
        ('a "b c', ["a", "b c"]),
        ("a 'b c", ["a", "b c"]),
        ("", []),
    ],
)
def test_quotes_that_are_not_closed(text: str, expected: list[str]) -> None:
    assert command_line.words(text) == expected


@pytest.mark.parametrize("setting", ["labels", "host-gateway-ips", "host-gateway-ip"])
def test_a_setting_that_is_an_option_as_well(setting: str) -> None:
    flags = command_line.parse(["dockerd", "--label=a", "--host-gateway-ip=::1"])
    assert list(command_line.both({setting: 1, "mtu": 2}, flags)) == [setting]


def test_runtimes_may_be_in_both_places() -> None:
    """dockerd merges them (openSUSE's unit has --add-runtime)."""
    flags = command_line.parse(["dockerd", "--add-runtime", "oci=/usr/sbin/runc"])
    assert command_line.both({"runtimes": {}, "mtu": 2}, flags) == {}


@pytest.mark.parametrize("name", [*command_line.PLURAL.values(), *command_line.SHORT.values()])
def test_names_are_those_of_the_file(name: str) -> None:
    assert name in {*keys.KEYS, *command_line.SWITCHES}


SHOWN = (
    "{{ path=/usr/sbin/dockerd ; argv[]={} ; ignore_errors=no ; start_time=[n/a] ; stop_time=[n/a] ; pid=0 ;"
    " code=(null) ; status=0/0 }}"
)


@pytest.mark.parametrize(
    ("arguments", "environment", "expected"),
    [
        ("/usr/sbin/dockerd -H fd://", {}, ["/usr/sbin/dockerd", "-H", "fd://"]),
        ("dockerd $DOCKER_OPTS -D", {"DOCKER_OPTS": "--mtu=1450 --ipv6"}, ["dockerd", "--mtu=1450", "--ipv6", "-D"]),
        ("dockerd $DOCKER_OPTS", {"DOCKER_OPTS": "--label 'a b'"}, ["dockerd", "--label", "a b"]),
        ("dockerd $DOCKER_OPTS", {"DOCKER_OPTS": ""}, ["dockerd"]),
        ("dockerd $DOCKER_OPTS", {}, ["dockerd"]),
        ("dockerd --mtu=${MTU}", {"MTU": "1450"}, ["dockerd", "--mtu=1450"]),
        ("dockerd --label=${WORDS}", {"WORDS": "a b"}, ["dockerd", "--label=a b"]),
        ("dockerd --mtu=${MTU}", {}, ["dockerd", "--mtu="]),
    ],
)
def test_unit_command(arguments: str, environment: dict[str, str], expected: list[str]) -> None:
    assert command_line.unit_command(SHOWN.format(arguments), environment) == expected


@pytest.mark.parametrize("shown", ["", "{ path=/x }", "argv[]=x"])
def test_unit_without_a_command(shown: str) -> None:
    assert command_line.unit_command(shown, {}) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", {}),
        ("A=1\nB=2\n", {"A": "1", "B": "2"}),
        ('DOCKER_OPTS="--dns fd00::1 -D"\n', {"DOCKER_OPTS": "--dns fd00::1 -D"}),
        ("DOCKER_OPTS='--mtu=1450'", {"DOCKER_OPTS": "--mtu=1450"}),
        ("# A=1\n; B=2\n\n  C = 3\n", {}),
        ("  A=1  \n", {"A": "1"}),
        ("A=x=y", {"A": "x=y"}),
        ("A=1\nA=2", {"A": "2"}),
        ("no line of ours", {}),
    ],
)
def test_environment_file(text: str, expected: dict[str, str]) -> None:
    assert command_line.environment_file(text) == expected
