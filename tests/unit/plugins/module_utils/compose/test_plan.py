# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""IPv6 for a Compose project: its files, and what runs of it."""

from __future__ import annotations

import posixpath
import typing as t
from dataclasses import replace

import pytest
from ansible_collections.dms.ipv6.plugins.module_utils.change.file_steps import WriteFile
from ansible_collections.dms.ipv6.plugins.module_utils.compose import plan as compose_plan
from ansible_collections.dms.ipv6.plugins.module_utils.compose.plan import ComposePlan, Files, Targets, Wanted
from ansible_collections.dms.ipv6.plugins.module_utils.core import ip
from ansible_collections.dms.ipv6.plugins.module_utils.core.refused import Refused
from ansible_collections.dms.ipv6.plugins.module_utils.network import replacement
from ansible_collections.dms.ipv6.plugins.module_utils.network import steps as network_step
from ansible_collections.dms.ipv6.plugins.module_utils.state import definitions, docker_objects
from ansible_collections.dms.ipv6.plugins.module_utils.state import host as state_host
from ansible_collections.dms.ipv6.tests.unit.plugins.module_utils.hosts import (
    BRIDGE,
    COMPOSE_FILE,
    MACHINE_ID,
    ULA,
    apart,
    ask,
    carried_out,
    compose_network,
    container,
    endpoint,
    host,
    listening,
    members,
    network,
    of_compose,
)

PATH, OVER = COMPOSE_FILE, "/srv/shop/compose.override.yaml"
TEXT = """\
services:
  mail:
    image: mail:1   # a comment
  web:
    image: web:1
"""
IPV6 = """\
networks:
  {key}:
    enable_ipv6: true
    ipam:
      config:
        - subnet: {subnet}
"""
OTHER = "fd12:3456:789a:1::/64"
DEFAULT, NAMED, EXTERNAL = (Wanted(PATH), Wanted(PATH, "named", services=("mail",)), Wanted(PATH, "external", "ext6"))


def derived(name: str) -> str:
    """What auto makes of a network's name."""
    return str(ip.derive(MACHINE_ID, name))


def with_network(subnet: str, key: str = "default", text: str = TEXT) -> str:
    return text + IPV6.format(key=key, subnet=subnet)


def files(text: str = TEXT, override: str | None = None, path: str = PATH) -> Files:
    over = compose_plan.beside(path, ())
    return Files(path, text.encode(), over, None if override is None else override.encode())


def shop(*networks: docker_objects.Network, containers: t.Any = None, **more: t.Any) -> state_host.Found:
    """A host on which the project runs, unless it is said otherwise."""
    everyone = (of_compose("mail"), of_compose("web")) if containers is None else containers
    fields = {
        "networks": (BRIDGE, *(networks or (compose_network(),))),
        "containers": tuple(one for one in everyone if one.running),
        "stopped": tuple(one for one in everyone if not one.running),
        "members": members(everyone),
    }
    return host(**{**fields, **more})


EMPTY = shop(BRIDGE, containers=(), networks=(BRIDGE,))


def make(wanted: Wanted, there: Files, found: state_host.Found, **asked: t.Any) -> ComposePlan:
    return compose_plan.plan(wanted, there, found, ask(*found.all_containers, **asked))


def written(there: Files, made: ComposePlan) -> Files:
    """The files once a plan was carried out."""
    for step in made.plan.steps:
        if isinstance(step, WriteFile):
            assert step.invertible
            assert step.old == (there.raw if step.path == there.path else there.override)
            assert step.path in (there.path, there.override_path)
            assert step.content is not None
            base = step.path == there.path
            there = replace(there, raw=step.content) if base else replace(there, override=step.content)
    return there


def settled(wanted: Wanted, there: Files, found: state_host.Found, **asked: t.Any) -> ComposePlan:
    """The plan, after which nothing is left to do, and which says itself how all is then."""
    made = make(wanted, there, found, **asked)
    after_files, after = written(there, made), carried_out(found, made.plan.steps)
    assert after_files.texts() == made.edit.texts
    again = make(wanted, after_files, after, **asked)
    assert again.plan.sentences() == []
    assert not again.edit.changed
    assert (again.project, again.network, again.subnet) == (made.project, made.network, made.subnet)
    assert (again.lives, again.services) == (made.lives, made.services)
    live = [one for one in after.networks if one.name == made.network]
    assert made.lives is bool(live)
    assert [str(one) for network in live for one in network.subnets6] == [made.subnet] * len(live)
    return made


WRITE = f"write {PATH}: IPv6 on the project's own network"
WRITE_NAMED = f"write {PATH}: network dms-ipv6 with IPv6 for mail"
WRITE_EXTERNAL = f"write {PATH}: the external network ext6 in place of the project's own"


def joins(name: str, to: str) -> str:
    return f"connect {name} to network {to} (while it runs; its established connections are cut)"


def replaced(name: str, subnet: str, *containers: str) -> list[str]:
    """The sentences of a network that is replaced with these of the project on it."""
    old = network(name, ["172.18.0.0/16"])
    on_it = [container(one, endpoint(name)) for one in containers]
    definition = definitions.with_ipv6(old.definition, subnet)
    transit = str(ip.derive(MACHINE_ID, network_step.TRANSIT))
    return [str(one) for one in replacement.steps(old, definition, on_it, transit, host().daemon.version)]


BOTH = ("shop-mail-1", "shop-web-1")
OWN, SIX, EXT = (derived(name) for name in ("shop_default", "shop_dms-ipv6", "ext6"))
DUAL = compose_network(subnets=["172.18.0.0/16", ULA])
EXT6 = network("ext6", ["172.19.0.0/16", ULA])


@pytest.mark.parametrize(
    ("wanted", "there", "found", "subnet", "sentences"),
    [
        (DEFAULT, files(), EMPTY, OWN, [WRITE]),
        (DEFAULT, files(with_network(ULA)), EMPTY, ULA, []),
        (DEFAULT, files(), shop(), OWN, [WRITE, *replaced("shop_default", OWN, *BOTH)]),
        (DEFAULT, files(with_network(ULA)), shop(), ULA, replaced("shop_default", ULA, *BOTH)),
        (DEFAULT, files(), shop(DUAL), ULA, [WRITE]),
        (DEFAULT, files(with_network(ULA)), shop(DUAL), ULA, []),
        # What the file says counts: the next `up` would not find the other.
        (DEFAULT, files(with_network(OTHER)), shop(DUAL), OTHER, replaced("shop_default", OTHER, *BOTH)),
        (replace(DEFAULT, subnet=OTHER), files(), EMPTY, OTHER, [WRITE]),
        (replace(DEFAULT, subnet=OTHER), files(), shop(DUAL), OTHER, [WRITE, *replaced("shop_default", OTHER, *BOTH)]),
        (
            replace(DEFAULT, prefix_length=80),
            files(),
            EMPTY,
            str(ip.derive(MACHINE_ID, "shop_default", 80)),
            [WRITE],
        ),
        (
            replace(DEFAULT, fleet_prefix="fd99:0:1::/48"),
            files(),
            EMPTY,
            f"fd99:0:1:{OWN.split(':')[3]}::/64",
            [WRITE],
        ),
        (NAMED, files(), EMPTY, SIX, [WRITE_NAMED]),
        (
            NAMED,
            files(),
            shop(),
            SIX,
            [WRITE_NAMED, f"create network shop_dms-ipv6 with {SIX}", joins("shop-mail-1", "shop_dms-ipv6")],
        ),
        (
            replace(NAMED, network="six", services=("web", "mail")),
            files(),
            shop(),
            derived("shop_six"),
            [
                f"write {PATH}: network six with IPv6 for web, mail",
                f"create network shop_six with {derived('shop_six')}",
                *(joins(one, "shop_six") for one in BOTH),
            ],
        ),
        (
            NAMED,
            files(),
            shop(containers=(of_compose("mail", running=False), of_compose("web"))),
            SIX,
            [
                WRITE_NAMED,
                f"create network shop_dms-ipv6 with {SIX}",
                "connect shop-mail-1 to network shop_dms-ipv6 (which is stopped)",
            ],
        ),
        # The service is not running: its network comes with it.
        (NAMED, files(), shop(containers=(of_compose("web"),)), SIX, [WRITE_NAMED]),
        (
            NAMED,
            files(),
            shop(compose_network(), compose_network("dms-ipv6", ["172.19.0.0/16", ULA])),
            ULA,
            [WRITE_NAMED, joins("shop-mail-1", "shop_dms-ipv6")],
        ),
        (EXTERNAL, files(), EMPTY, EXT, [WRITE_EXTERNAL, f"create network ext6 with {EXT}"]),
        (
            EXTERNAL,
            files(),
            shop(),
            EXT,
            [WRITE_EXTERNAL, f"create network ext6 with {EXT}", *(joins(one, "ext6") for one in BOTH)],
        ),
        (
            EXTERNAL,
            files(),
            shop(compose_network(), EXT6),
            ULA,
            [WRITE_EXTERNAL, *(joins(one, "ext6") for one in BOTH)],
        ),
        (
            EXTERNAL,
            files(),
            shop(containers=(of_compose("mail"), of_compose("web", endpoint("shop_back")))),
            EXT,
            [WRITE_EXTERNAL, f"create network ext6 with {EXT}", joins("shop-mail-1", "ext6")],
        ),
        # The subnet in the file is that of the network that is given up.
        (
            EXTERNAL,
            files(TEXT + "networks:\n  default:\n    external: true\n    name: ext6\n"),
            EMPTY,
            EXT,
            [f"create network ext6 with {EXT}"],
        ),
    ],
)
def test_plan(wanted: Wanted, there: Files, found: state_host.Found, subnet: str, sentences: list[str]) -> None:
    made = settled(wanted, there, found)
    assert made.subnet == subnet
    assert made.plan.sentences() == sentences
    assert apart(made.plan.warnings) == []
    assert made.project == "shop"
    assert made.containers == found.all_containers


@pytest.mark.parametrize(
    ("wanted", "there", "after", "services"),
    [
        (DEFAULT, files(), with_network(OWN, text=f"{TEXT}\n"), ("mail", "web")),
        (
            replace(NAMED, subnet=ULA),
            files(),
            TEXT.replace("a comment\n", "a comment\n    networks:\n      - default\n      - dms-ipv6\n")
            + "\n"
            + IPV6.format(key="dms-ipv6", subnet=ULA),
            ("mail",),
        ),
        (EXTERNAL, files(), f"{TEXT}\nnetworks:\n  default:\n    name: ext6\n    external: true\n", ("mail", "web")),
        (
            replace(DEFAULT, edit="override"),
            files(TEXT + "networks:\n  back:\n"),
            IPV6.format(key="default", subnet=OWN),
            ("mail", "web"),
        ),
        (
            replace(DEFAULT, edit="override"),
            files(TEXT, "services:\n  web:\n    networks: [back]\nnetworks:\n  back:\n"),
            f"services:\n  web:\n    networks: [back]\n{IPV6.format(key='default', subnet=OWN)}  back:\n",
            ("mail",),
        ),
    ],
)
def test_text(wanted: Wanted, there: Files, after: str, services: tuple[str, ...]) -> None:
    """The file that is not edited stays as it is; its order is that in which Compose merges."""
    made = settled(wanted, there, EMPTY)
    before = {there.path: there.raw.decode(), OVER: (there.override or b"").decode()}
    edited = OVER if wanted.edit == "override" else PATH
    assert made.edit.path == edited
    assert sorted(made.edit.after.splitlines()) == sorted(after.splitlines())
    assert made.edit.before == before[edited]
    assert [path for path, _text in made.edit.texts] == [PATH, OVER][: len(made.edit.texts)]
    assert dict(made.edit.texts) == {**{path: text for path, text in before.items() if text}, edited: made.edit.after}
    assert made.services == services


@pytest.mark.parametrize("subnet", ["${NET4:-172.30.5}.0/24", "${NET4:?}.5.0/24", "10.${A:-1}.${B:-2}.0/24"])
def test_ipv4_subnet_with_variables_is_no_ipv6_one(subnet: str) -> None:
    """The colon is that of the default. The line stays, and one for IPv6 comes to it."""
    text = f"{TEXT}networks:\n  default:\n    ipam:\n      config:\n        - subnet: {subnet}\n"
    made = make(DEFAULT, files(text), EMPTY)
    assert f"        - subnet: {subnet}\n        - subnet: {OWN}\n" in made.edit.after
    assert "    enable_ipv6: true\n" in made.edit.after


@pytest.mark.parametrize("override", [None, "services: {}\n"])
@pytest.mark.parametrize("edit", ["file", "override"])
def test_way_back_of_the_file(override: str | None, edit: str) -> None:
    """The old bytes, or no file; it is the first step, so the last one back."""
    there = files("\ufeff" + TEXT.replace("\n", "\r\n"), override)
    made = settled(replace(DEFAULT, edit=edit), there, shop())
    (write, *_more) = made.plan.steps
    assert isinstance(write, WriteFile) and write.content is not None
    assert write.content.startswith(b"\xef\xbb\xbf") is (edit == "file")
    back = made.plan.back(len(made.plan.steps))
    old = there.raw if edit == "file" else there.override
    assert back[-1] == WriteFile(write.path, old, "as it was", write.content, True)
    assert made.plan.back(1) == back[-1:]


# --- the project and its network


FOREIGN = of_compose("mail", project="other", path="/srv/other/compose.yaml")
SECOND = of_compose("mail", project="stage")


@pytest.mark.parametrize(
    ("wanted", "text", "containers", "expected"),
    [
        (DEFAULT, TEXT, (), "shop"),
        (DEFAULT, TEXT, (FOREIGN,), "shop"),
        (replace(DEFAULT, path="/srv/My Shop.2_x-y/compose.yaml"), TEXT, (), "myshop2_x-y"),
        (DEFAULT, f"name: said\n{TEXT}", (), "said"),
        (DEFAULT, f"name: said\n{TEXT}", (of_compose("mail", project="runs"),), "runs"),
        (DEFAULT, f"name: said\n{TEXT}", (of_compose("mail", project="runs", running=False),), "runs"),
        (DEFAULT, f"name: ${{X}}\n{TEXT}", (of_compose("mail", project="runs"),), "runs"),
        (replace(DEFAULT, project="given"), f"name: ${{X}}\n{TEXT}", (SECOND, of_compose("web")), "given"),
        # Two projects of one folder, each of its own file, which 1.29 notes without the folder.
        (DEFAULT, TEXT, (of_compose("mail"), of_compose("mail", project="b", path="/srv/shop/b.yaml")), "shop"),
        (
            replace(DEFAULT, path="/srv/shop/b.yaml"),
            TEXT,
            (
                of_compose("mail"),
                of_compose("mail", project="b", labels={docker_objects.COMPOSE_FILES: "x.yaml,b.yaml"}),
            ),
            "b",
        ),
        # Made of another file in this folder: the folder is what Compose goes by.
        (replace(DEFAULT, path="/srv/shop/c.yaml"), TEXT, (of_compose("mail", project="b"),), "b"),
    ],
)
def test_name_of_the_project(wanted: Wanted, text: str, containers: t.Any, expected: str) -> None:
    found = shop(BRIDGE, containers=containers, networks=(BRIDGE,))
    made = settled(wanted, files(text, path=wanted.path), found)
    assert (made.project, made.network) == (expected, f"{expected}_default")
    assert [one.labels[docker_objects.COMPOSE_PROJECT] for one in made.containers] == [expected] * len(made.containers)


NAME = "networks:\n  default:\n    name: front\n"
UNMARKED = network("shop_default", ["172.18.0.0/16"])


@pytest.mark.parametrize(
    ("wanted", "text", "networks", "expected", "lives"),
    [
        (DEFAULT, TEXT, (), "shop_default", False),
        (DEFAULT, TEXT, (compose_network(),), "shop_default", True),
        (DEFAULT, TEXT, (UNMARKED,), "shop_default", True),
        (DEFAULT, TEXT + NAME, (), "front", False),
        (DEFAULT, TEXT + NAME, (network("front", ["172.18.0.0/16"]),), "front", True),
        # By its labels before its name: with a variable in it nothing else can tell.
        (DEFAULT, TEXT + NAME.replace("front", "$X"), (compose_network(name="front"),), "front", True),
        (DEFAULT, TEXT, (UNMARKED, compose_network(name="front")), "front", True),
        (DEFAULT, TEXT, (compose_network("back"),), "shop_default", False),
        (
            DEFAULT,
            TEXT,
            (network("x", ["172.18.0.0/16"], labels=compose_plan.network_labels("b", "default")),),
            "shop_default",
            False,
        ),
        (NAMED, TEXT, (), "shop_dms-ipv6", False),
        (NAMED, TEXT, (compose_network("dms-ipv6", [ULA], name="six"),), "six", True),
        (EXTERNAL, TEXT, (compose_network(),), "ext6", True),
        (replace(EXTERNAL, network="x"), TEXT, (network("x"),), "x", True),
    ],
)
def test_name_of_the_network(wanted: Wanted, text: str, networks: t.Any, expected: str, lives: bool) -> None:
    made = settled(wanted, files(text), shop(containers=(), networks=(BRIDGE, *networks)))
    assert (made.network, made.lives) == (expected, lives)


@pytest.mark.parametrize(
    ("wanted", "labels"),
    [
        (DEFAULT, {docker_objects.COMPOSE_PROJECT: "shop", docker_objects.COMPOSE_NETWORK: "default"}),
        (
            NAMED,
            {
                docker_objects.COMPOSE_PROJECT: "shop",
                docker_objects.COMPOSE_NETWORK: "dms-ipv6",
                network_step.LABEL: "true",
            },
        ),
        (EXTERNAL, {network_step.LABEL: "true"}),
    ],
)
def test_labels_of_the_live_network(wanted: Wanted, labels: dict[str, str]) -> None:
    """What Compose looks for, without the hash by which it would re-create it; ours where it is ours to remove."""
    made = settled(wanted, files(), shop())
    created = [one for one in made.plan.steps if isinstance(one, network_step.CreateNetwork)]
    assert [definitions.load(one.definition)["Labels"] for one in created if one.name == made.network] == [labels]


def test_names_of_the_containers_are_given_on() -> None:
    mail = of_compose("mail", endpoint("shop_default", aliases=("mail", "mx")))
    made = settled(NAMED, files(), shop(containers=(mail,)))
    assert made.plan.steps[-1] == network_step.ConnectContainer(
        "shop-mail-1", "shop-mail-1-id", "shop_dms-ipv6", '{"Aliases":["mail","mx"]}', True
    )


@pytest.mark.parametrize("text", [TEXT, TEXT + NAME])
def test_external_network_for_services_on_the_project_s_own(text: str) -> None:
    """Under whatever name that runs."""
    own = compose_network(name="front")
    mail, web = of_compose("mail", endpoint("front")), of_compose("web", endpoint("shop_back"))
    made = settled(EXTERNAL, files(text), shop(own, compose_network("back"), containers=(mail, web)))
    assert made.plan.sentences()[1:] == [f"create network ext6 with {EXT}", joins("shop-mail-1", "ext6")]


@pytest.mark.parametrize(
    ("wanted", "there", "networks", "subnet", "network_steps"),
    [
        # One that must not be used is replaced by one of the host's own, wherever it is not wanted.
        (DEFAULT, files(), (compose_network(subnets=["172.18.0.0/16", "2001:db8:1::/64"]),), OWN, True),
        (EXTERNAL, files(), (compose_network(), network("ext6", ["172.18.0.0/16", "2001:db8:1::/64"])), EXT, True),
        (DEFAULT, files(), (compose_network(ipv6=False),), OWN, True),
        (DEFAULT, files(), (compose_network(subnets=["172.18.0.0/16", OTHER], ipv6=False),), OWN, True),
        (DEFAULT, files(), (compose_network(subnets=["172.18.0.0/16", ULA, OTHER]),), ULA, True),
        (DEFAULT, files(), (DUAL,), ULA, False),
    ],
)
def test_subnet_that_the_live_network_has(
    wanted: Wanted, there: Files, networks: t.Any, subnet: str, network_steps: bool
) -> None:
    made = settled(wanted, there, shop(*networks, containers=()))
    assert made.subnet == subnet
    assert (len(made.plan.steps) > 1) is network_steps


# --- what is refused


HOST_MODE = TEXT.replace("image: web:1", "network_mode: host")
BACK = TEXT.replace("image: web:1", "networks: [back]") + "networks:\n  back:\n"


@pytest.mark.parametrize(
    ("wanted", "there", "found", "words"),
    [
        (DEFAULT, files("services: [\n"), EMPTY, f"{PATH}: line 2, column 1"),
        (DEFAULT, files(TEXT, "services: [\n"), EMPTY, f"{OVER}: line 2, column 1"),
        (DEFAULT, Files(PATH, b"services:\n  \xff: {}\n"), EMPTY, f"{PATH}: line 2, column 3: byte 0xff is not UTF-8"),
        (
            DEFAULT,
            Files(PATH, TEXT.encode(), OVER, b"\xff"),
            EMPTY,
            f"{OVER}: line 1, column 1: byte 0xff is not UTF-8",
        ),
        (
            DEFAULT,
            files(),
            shop(containers=(of_compose("mail"), SECOND)),
            f"{PATH}: the projects shop and stage run from it. Give project_name.",
        ),
        (
            DEFAULT,
            files(f"name: ${{X:-y}}\n{TEXT}"),
            EMPTY,
            f"{PATH}: the project's name is a variable (${{X:-y}}). Give project_name.",
        ),
        (
            replace(DEFAULT, subnet="2001:db8::/64"),
            files(),
            EMPTY,
            "subnet: 2001:db8::/64 is reserved for documentation",
        ),
        (replace(DEFAULT, prefix_length=47), files(), EMPTY, "prefix_length: 47 is not between 48 and 126"),
        (replace(DEFAULT, fleet_prefix="fd00::/8"), files(), EMPTY, "fleet_prefix: fd00::/8 is not between"),
        (
            replace(DEFAULT, subnet=OTHER),
            files(with_network(ULA)),
            EMPTY,
            f"the network `default` has the IPv6 subnet {ULA}, and a bridge takes only one",
        ),
        (
            DEFAULT,
            files(with_network("2001:db8:1::/64")),
            EMPTY,
            "reserved for documentation (RFC 3849). Remove it there, and one of this host's own is written.",
        ),
        (DEFAULT, files(with_network("${PREFIX:-fd12::}/64")), EMPTY, f"{PATH}, network default: '${{PREFIX:-fd12::}}"),
        (
            DEFAULT,
            files(TEXT, "networks:\n  default:\n    enable_ipv6: false\n"),
            EMPTY,
            f"{PATH}: the override file beside it takes the change back. Use edit: override.",
        ),
        (
            EXTERNAL,
            files(TEXT, "networks:\n  default: !reset null\n"),
            EMPTY,
            f"{PATH}: the override file beside it takes the change back. Use edit: override.",
        ),
        (
            NAMED,
            files(TEXT, "services:\n  mail:\n    networks: !override [default]\n"),
            EMPTY,
            f"{PATH}: the override file beside it takes the change back. Use edit: override.",
        ),
        (
            replace(DEFAULT, path="/srv/shop/prod.yaml", edit="override"),
            files(path="/srv/shop/prod.yaml"),
            EMPTY,
            "/srv/shop/prod.yaml: Compose reads an override file only beside compose.yaml or compose.yml or docker-",
        ),
        (
            replace(DEFAULT, must=("web",)),
            files(BACK),
            shop(),
            f"{PATH}: web is not on the project's network default. Use the shape named, which puts it on one more",
        ),
        (replace(DEFAULT, must=("web",)), files(HOST_MODE), EMPTY, "web is not on the project's network default"),
        (replace(DEFAULT, must=("db", "web")), files(BACK), EMPTY, "db, web is not on the project's network default"),
        # By way of its containers a service counts for each shape, and may be gone from the file.
        (
            replace(DEFAULT, services=("web",), must=("web",)),
            files(BACK),
            EMPTY,
            "web is not on the project's network default",
        ),
        (
            replace(EXTERNAL, services=("db",), must=("db",)),
            files(),
            EMPTY,
            "db is not on the project's network default",
        ),
        (replace(NAMED, services=("db",)), files(), EMPTY, "there is no service `db` (there is: mail, web)"),
        (NAMED, files(HOST_MODE.replace("web", "x").replace("mail", "web").replace("x:", "mail:")), EMPTY, "mode host"),
        (replace(NAMED, network="default"), files(), EMPTY, "`default` is the project's own network"),
        (replace(DEFAULT, subnet=ULA), files(), shop(compose_network(), network("x")), f"{ULA} overlaps {ULA}"),
        (DEFAULT, files(), shop(compose_network(internal=True)), "network shop_default: internal is true"),
        (DEFAULT, files(), shop(machine_id=""), "/etc/machine-id: this host has no machine-id"),
    ],
)
def test_refused(wanted: Wanted, there: Files, found: state_host.Found, words: str) -> None:
    with pytest.raises(Refused) as reason:
        make(wanted, there, found)
    assert words in str(reason.value)


@pytest.mark.parametrize("wanted", [DEFAULT, NAMED, EXTERNAL])
def test_service_that_would_be_cut_off(wanted: Wanted) -> None:
    asked = {"listeners": listening(six=[])}
    with pytest.raises(Refused, match=r"container shop-mail-1: its service listens on IPv4 only on port 80"):
        make(wanted, files(), shop(), **asked)
    settled(wanted, files(), EMPTY, **asked)


@pytest.mark.parametrize(
    "wanted",
    [
        replace(DEFAULT, must=("mail",)),
        replace(DEFAULT, services=("nobody",)),
        replace(EXTERNAL, must=("mail", "web")),
        replace(NAMED, must=("mail",)),
    ],
)
def test_not_refused(wanted: Wanted) -> None:
    assert settled(wanted, files(), shop()).plan.changed


# --- warnings


PORTS = TEXT.replace("a comment\n", 'a comment\n    ports: ["0.0.0.0:25:25", "143:143", "127.0.0.1:80:80"]\n')


@pytest.mark.parametrize(
    ("wanted", "override", "expected"),
    [
        (DEFAULT, None, ["0.0.0.0:25:25", "127.0.0.1:80:80"]),
        (NAMED, None, ["0.0.0.0:25:25", "127.0.0.1:80:80"]),
        (DEFAULT, 'services:\n  mail:\n    ports: !override ["25:25"]\n', []),
        (
            DEFAULT,
            'services:\n  mail:\n    ports: ["198.18.7.2:26:26"]\n',
            ["0.0.0.0:25:25", "127.0.0.1:80:80", "198.18.7.2:26:26"],
        ),
        (replace(NAMED, services=("web",)), None, []),
        (DEFAULT, "services:\n  mail:\n    networks: [back]\nnetworks:\n  back:\n", []),
    ],
)
def test_ports_on_ipv4_only(wanted: Wanted, override: str | None, expected: list[str]) -> None:
    """Told of the services on the network, again at each run; not of those that do not get it."""
    there, found = files(PORTS, override), shop()
    words = [
        f"service mail publishes {one} on an IPv4 address by name: IPv6 clients do not reach it" for one in expected
    ]
    made = settled(wanted, there, found)
    assert apart(made.plan.warnings) == words
    again = make(wanted, written(there, made), carried_out(found, made.plan.steps))
    assert apart(again.plan.warnings) == apart(made.plan.warnings)


def test_what_breaks_is_said_first() -> None:
    made = settled(DEFAULT, files(PORTS), shop(), sessions=lambda pid: [80], rules=lambda bridge: ("/etc/x",))
    assert [one.split()[0] for one in apart(made.plan.warnings)] == [
        "container",
        "container",
        "the",
        "service",
        "service",
    ]


# --- which projects


LIKE = Wanted("", "named", "six", ULA, 80, "fd99::/48", (), "override")
B_FILE = "/srv/b/docker-compose.yml"
MAIL, WEB, B = of_compose("mail"), of_compose("web"), of_compose("x", project="b", path=B_FILE)
PLAIN = container("plain")


def one(path: str = PATH, project: str = "shop", must: tuple[str, ...] = (), services: t.Any = None) -> Wanted:
    return replace(LIKE, path=path, project=project, must=must, services=must if services is None else services)


def chosen(
    attach: str, names: t.Iterable[str], everyone: t.Any, paths: t.Any = (), services: t.Any = (), there: t.Any = None
) -> Targets:
    like = replace(LIKE, services=services)
    found = shop(containers=everyone)
    return compose_plan.targets(attach, like, paths, names, found, there or (lambda path: True))


@pytest.mark.parametrize(
    ("names", "more", "projects", "rest"),
    [
        ([], {}, [], []),
        ([], {"paths": [PATH, B_FILE]}, [one(project=""), one(B_FILE, "")], []),
        (["shop-mail-1"], {}, [one(must=("mail",))], []),
        (["shop-mail-1-id"], {}, [one(must=("mail",))], []),
        (["shop-mail-1", "shop-web-1"], {}, [one(must=("mail", "web"))], []),
        (["shop-mail-1", "b-x-1"], {}, [one(must=("mail",)), one(B_FILE, "b", ("x",))], []),
        (["shop-mail-1"], {"paths": [PATH]}, [one(project="", must=("mail",))], []),
        (["shop-mail-1"], {"paths": [B_FILE]}, [one(B_FILE, ""), one(must=("mail",))], []),
        (["shop-mail-1"], {"services": ("web",)}, [one(must=("mail",), services=("web",))], []),
        (["shop-mail-1", "shop-web-1"], {"services": ("web",)}, [one(must=("mail", "web"), services=("web",))], []),
        (["plain"], {}, [], ["plain"]),
        (["plain", "shop-mail-1", "nobody"], {}, [one(must=("mail",))], ["plain", "nobody"]),
        (["shop-mail-1"], {"there": lambda path: path != PATH}, [], ["shop-mail-1"]),
        (["shop-mail-1", "b-x-1"], {"there": lambda path: path != PATH}, [one(B_FILE, "b", ("x",))], ["shop-mail-1"]),
    ],
)
def test_targets(names: list[str], more: dict[str, t.Any], projects: list[Wanted], rest: list[str]) -> None:
    found = chosen("auto", names, (MAIL, WEB, B, PLAIN), **more)
    assert found == Targets(tuple(projects), tuple(rest))
    if projects and not rest:
        assert chosen("compose", names, (MAIL, WEB, B, PLAIN), **more) == found


def test_stopped_containers_count() -> None:
    assert chosen("compose", ["shop-mail-1"], (of_compose("mail", running=False),)).projects == (one(must=("mail",)),)


def test_containers_of_one_service() -> None:
    """A scaled service is named once."""
    second = MAIL._replace(name="shop-mail-2", id="2")
    (project,) = chosen("auto", ["shop-mail-1", "shop-mail-2"], (MAIL, second)).projects
    assert project.services == ("mail",)


@pytest.mark.parametrize(
    ("labels", "path", "reason"),
    [
        ({}, PATH, ""),
        ({docker_objects.COMPOSE_FILES: "compose.yaml"}, PATH, ""),
        ({docker_objects.COMPOSE_FILES: "../x/prod.yaml"}, "/srv/shop/../x/prod.yaml", ""),
        ({docker_objects.COMPOSE_FILES: f"{PATH},{OVER}"}, PATH, ""),
        (
            {docker_objects.COMPOSE_FILES: "docker-compose.yml,docker-compose.override.yml"},
            "/srv/shop/docker-compose.yml",
            "",
        ),
        ({docker_objects.COMPOSE_FILES: f"{PATH},/srv/compose.override.yaml"}, "", "it was made from several files ("),
        ({docker_objects.COMPOSE_FILES: "a.yaml,b.yaml"}, "", "it was made from several files (a.yaml,b.yaml)"),
        ({docker_objects.COMPOSE_FILES: "a.yaml,compose.override.yml,b.yaml"}, "", "it was made from several files ("),
        ({docker_objects.COMPOSE_FILES: "gone.yaml"}, "", "its Compose file /srv/shop/gone.yaml is not on this host"),
        ({docker_objects.COMPOSE_FILES: ""}, "", "it was not made by Compose"),
        ({docker_objects.COMPOSE_FOLDER: ""}, "", "it was not made by Compose"),
        (None, "", "it was not made by Compose"),
        ([docker_objects.COMPOSE_PROJECT], "", "it was not made by Compose"),
        ([docker_objects.COMPOSE_SERVICE], "", "it was not made by Compose"),
    ],
)
def test_which_file_a_container_was_made_from(labels: t.Any, path: str, reason: str) -> None:
    mail = container("shop-mail-1") if labels is None else MAIL
    gone = labels if isinstance(labels, list) else []
    more = labels if isinstance(labels, dict) else {}
    mail = mail._replace(labels={key: value for key, value in {**mail.labels, **more}.items() if key not in gone})
    arguments: t.Any = (["shop-mail-1"], (mail,))
    more = {"there": lambda path: "gone" not in path}
    expected = Targets((one(path, must=("mail",)),) if path else (), () if path else ("shop-mail-1",))
    assert chosen("auto", *arguments, **more) == expected
    if path:
        assert chosen("compose", *arguments, **more) == expected
        return
    with pytest.raises(Refused) as refused:
        chosen("compose", *arguments, **more)
    assert str(refused.value).startswith(f"container shop-mail-1: {reason}")
    assert str(refused.value).endswith("Name its file in dms_ipv6_compose_files, or use another attach.")


def test_compose_without_any_project() -> None:
    with pytest.raises(Refused, match=r"attach: there is neither a Compose file nor a container\. Give dms_ipv6_comp"):
        chosen("compose", [], (MAIL,))


# --- what an `up` re-creates


HASHED = [
    of_compose("mail", labels={docker_objects.COMPOSE_HASH: "1"}),
    of_compose("web", labels={docker_objects.COMPOSE_HASH: "2"}),
    container("plain", labels={docker_objects.COMPOSE_PROJECT: "shop"}),
]


@pytest.mark.parametrize(
    ("shape", "services", "hashes", "expected"),
    [
        ("default", ("mail", "web"), None, []),
        ("named", ("mail",), None, ["mail"]),
        ("external", ("web", "mail", "db"), None, ["mail", "web"]),
        ("default", ("mail", "web"), {"mail": "1", "web": "2"}, []),
        ("named", ("mail", "web"), {"mail": "1", "web": "2"}, []),
        ("default", ("mail", "web"), {"mail": "3", "web": "4", "db": "5"}, ["mail", "web"]),
        # Another service differs for reasons that are not ours; one that Compose does not name is not re-created.
        ("named", ("mail",), {"mail": "1", "web": "4"}, []),
        ("named", ("mail", "web"), {"web": "4"}, ["web"]),
        ("named", ("mail",), {}, []),
    ],
)
def test_recreated(shape: str, services: t.Any, hashes: t.Any, expected: list[str]) -> None:
    made = replace(make(DEFAULT, files(), EMPTY), services=services, containers=tuple(HASHED))
    assert compose_plan.recreated(made, shape, hashes) == expected


# --- files


@pytest.mark.parametrize(
    ("path", "there", "expected"),
    [
        ("/srv/compose.yaml", [], "compose.override.yaml"),
        ("/srv/compose.yml", [], "compose.override.yml"),
        ("/srv/docker-compose.yml", ["x"], "docker-compose.override.yml"),
        ("/srv/docker-compose.yaml", [], "docker-compose.override.yaml"),
        ("/srv/compose.yaml", ["docker-compose.override.yaml"], "docker-compose.override.yaml"),
        ("/srv/compose.yaml", ["compose.override.yaml", "compose.override.yml"], "compose.override.yml"),
        ("/srv/docker-compose.yml", ["docker-compose.override.yml", "compose.override.yaml"], "compose.override.yaml"),
        ("/srv/prod.yaml", ["compose.override.yaml"], ""),
        ("compose.yaml", [], "compose.override.yaml"),
    ],
)
def test_beside(path: str, there: list[str], expected: str) -> None:
    """The first in the order of Compose, whatever the Compose file is called."""
    folder = posixpath.dirname(path)
    assert compose_plan.beside(path, iter(there)) == (posixpath.join(folder, expected) if expected else "")


@pytest.mark.parametrize(
    ("raw", "expected"),
    [(b"a: 1\r\n", "a: 1\r\n"), (b"\xef\xbb\xbfa: 1", "\ufeffa: 1"), (b"", ""), ("ä".encode(), "ä")],
)
def test_decode(raw: bytes, expected: str) -> None:
    """Encoded again, the same bytes."""
    assert compose_plan.decode(raw, PATH) == expected
    assert expected.encode() == raw


@pytest.mark.parametrize(("override", "expected"), [(None, 1), ("", 2), ("services: {}\n", 2)])
def test_texts(override: str | None, expected: int) -> None:
    assert files(TEXT, override).texts() == [(PATH, TEXT), (OVER, override)][:expected]


# --- variables from other files than .env


def made_with(service: str, env: str, path: str = COMPOSE_FILE) -> docker_objects.Container:
    return of_compose(service, path=path, labels={docker_objects.COMPOSE_ENV_FILES: env} if env else {})


@pytest.mark.parametrize(
    ("containers", "expected"),
    [
        ((), ()),
        ((made_with("mail", ""),), ()),
        ((made_with("mail", "prod.env"), made_with("web", "prod.env")), ("/srv/shop/prod.env",)),
        ((made_with("mail", "a.env,/etc/b.env"),), ("/srv/shop/a.env", "/etc/b.env")),
        ((made_with("mail", "a.env"), made_with("web", "b.env", "/srv/other/compose.yaml")), ("/srv/shop/a.env",)),
    ],
)
def test_env_files(containers: t.Any, expected: tuple[str, ...]) -> None:
    """As the containers of the file were made with; a relative one lies in the project's folder."""
    assert compose_plan.env_files(COMPOSE_FILE, host(containers=containers, members={})) == expected


def test_env_files_that_differ() -> None:
    found = host(containers=(made_with("mail", "a.env"), made_with("web", "")), members={})
    with pytest.raises(Refused) as reason:
        compose_plan.env_files(COMPOSE_FILE, found)
    assert str(reason.value) == (
        f"{COMPOSE_FILE}: its containers were made with different --env-file (.env alone and /srv/shop/a.env). Run"
        " `docker compose --env-file FILE up -d` first."
    )
