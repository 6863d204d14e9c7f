# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compose files as people have them (tests/integration/compose_projects): the way of a container is found by itself."""

from __future__ import annotations

import os
import re
import typing as t
from pathlib import Path

import pytest
import yaml
from ansible_collections.dms.ipv6.plugins.module_utils.change.file_steps import WriteFile
from ansible_collections.dms.ipv6.plugins.module_utils.compose import files as compose_files
from ansible_collections.dms.ipv6.plugins.module_utils.compose import plan as compose_plan
from ansible_collections.dms.ipv6.plugins.module_utils.compose.io import project as compose_project
from ansible_collections.dms.ipv6.plugins.module_utils.core.refused import Refused
from ansible_collections.dms.ipv6.plugins.module_utils.engine.io.api import Docker
from ansible_collections.dms.ipv6.plugins.module_utils.modes import nat as modes_nat
from ansible_collections.dms.ipv6.plugins.module_utils.modes.io import nat_facts, nat_targets, read_host
from ansible_collections.dms.ipv6.plugins.module_utils.network import on_host as network_on_host
from ansible_collections.dms.ipv6.plugins.module_utils.proof.io import own_addresses
from ansible_collections.dms.ipv6.plugins.module_utils.state import docker_objects
from ansible_collections.dms.ipv6.plugins.module_utils.system.io import packages
from ansible_collections.dms.ipv6.tests.unit.plugins.module_utils.daemon_model import Daemon
from ansible_collections.dms.ipv6.tests.unit.plugins.module_utils.hosts import (
    BRIDGE,
    answers,
    ask,
    carried_out,
    container,
    endpoint,
    host,
    members,
    network,
)

FOLDER = Path(os.path.realpath(__file__)).parents[3] / "integration" / "compose_projects"
PROJECTS = {path.stem: yaml.safe_load(path.read_text()) for path in FOLDER.glob("*.yml")}
KEYS = {
    "about",
    "files",
    "crlf",
    "name",
    "given",
    "outside",
    "runs",
    "engines",
    "network",
    "edits",
    "warns",
    "variables",
}
PROJECT, KEY = docker_objects.COMPOSE_PROJECT, docker_objects.COMPOSE_NETWORK


class Site:
    """A host with containers of Compose, as a test describes them; the engine answers from memory."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.found = host(Daemon(version="28.5.2"), networks=(BRIDGE,), containers=())
        self.listed: list[dict[str, t.Any]] = []

    def write(self, name: str, text: str) -> str:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())
        return str(path)

    def network(self, name: str, project: str = "", key: str = "", **more: t.Any) -> None:
        labels = {PROJECT: project, KEY: key} if project else {}
        number = len(self.found.networks) + 20
        made = network(name, more.pop("subnets", [f"172.{number}.0.0/16"]), labels=labels, **more)
        self.found = self.found._replace(networks=(*self.found.networks, made))

    def container(self, name: str, project: str, networks: t.Iterable[str], **labels: str) -> None:
        known = {PROJECT: project, **{f"com.docker.compose.{key}": value for key, value in labels.items()}}
        made = container(name, *map(endpoint, networks), labels=known if project else {})
        everyone = (*self.found.containers, made)
        self.found = self.found._replace(containers=everyone, members=members(everyone))

    def compose(
        self, project: str, service: str, networks: t.Iterable[str], *paths: str, folder: str = "", env_file: str = ""
    ) -> str:
        """A container as Compose makes it; its name."""
        place = {"project.working_dir": folder or os.path.dirname(paths[0]), "project.config_files": ",".join(paths)}
        place.update({"project.environment_file": env_file} if env_file else {})
        self.container(f"{project}-{service}-1", project, networks, service=service, **place)
        return f"{project}-{service}-1"

    def plan(self, *names: str, **options: t.Any) -> t.Any:
        compose = {name: options.pop(name) for name in ("files", "shape", "services", "edit") if name in options}
        wanted = modes_nat.Wanted(containers=names, **{"attach": "auto", **options})
        docker, options_ = Docker("/no.sock"), nat_targets.ComposeOptions(**compose)
        targets = nat_targets.planned(wanted, options_, self.found, docker)
        return nat_facts.nat(wanted, options_, targets, docker, SELDOM)

    def carry_out(self, plan: t.Any) -> None:
        """What the modules of a plan do: files, and networks."""
        for one in plan["compose"]:
            wanted = compose_plan.Wanted(
                one["path"],
                one["shape"],
                one["network"],
                services=tuple(one["services"]),
                edit=one["edit"],
                project=one["project_name"],
                files=tuple(one.get("files", ())),
            )
            steps = compose_project.plan(wanted, self.found, ask(*self.found.all_containers)).plan.steps
            for step in steps:
                if isinstance(step, WriteFile):
                    Path(step.path).write_bytes(step.content or b"")
            self.found = carried_out(self.found, steps)
        for one in plan["networks"]:
            asked = network_on_host.NetworkOptions(one["name"], one["subnet"], containers=tuple(one["containers"]))
            new = network_on_host.wanted_network(asked, self.found.machine_id)
            everyone = {name: ask(*self.found.all_containers).inspect(name) for name in one["containers"]}
            plan = network_on_host.plan_network(new, self.found, everyone, ask(*self.found.all_containers))
            before = {network.name: network.definition for network in self.found.networks}
            self.found = carried_out(self.found, plan.steps)
            after = {network.name: network.definition for network in self.found.networks}
            replaced = {name: {"before": before[name], "after": after[name]} for name in after if name == one["name"]}
            if plan.steps:
                self.found = self.found._replace(record={**self.found.record, "replaced": replaced})


SELDOM = nat_facts.Seldom(given_up=lambda *_arguments: [])


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Site:
    made = Site(tmp_path)
    monkeypatch.setattr(read_host, "ask", lambda docker: ask(*made.found.all_containers))
    monkeypatch.setattr(own_addresses, "read", lambda networks: own_addresses.Places("198.18.7.2", "", ("198.18.7.2",)))
    monkeypatch.setattr(packages, "missing", lambda compose=False: [])
    monkeypatch.setattr(Docker, "get", answers(listed=made.listed))
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr("shutil.which", lambda *_a, **_k: None)
    return made


def brought_up(site: Site, name: str, said: dict[str, t.Any]) -> tuple[str, dict[str, str]]:
    """A project that runs; the container of its service web, and its files."""
    texts = {file: text.replace("\n", "\r\n") if said.get("crlf") else text for file, text in said["files"].items()}
    paths = {file: site.write(f"{name}/{file}", text) for file, text in texts.items()}
    first = [file for file in texts if not file.startswith(".") and file in (*compose_plan.BY_ITSELF, "compose.yml")]
    over = [file for file in texts if file in compose_plan.OVERRIDES]
    given = [paths[file] for file in said.get("given") or [*first, *over]]
    project = said.get("name", name)
    says = compose_files.project([(path, Path(path).read_bytes().decode()) for path in given])
    for one in said.get("outside", ()):
        site.network(one)
    names = {}
    runs = said.get("runs") or {
        service: [*one.networks] if one.networks else ["default"]
        for service, one in says.services.items()
        if not one.network_mode
    }
    for key in sorted({key for keys in runs.values() for key in keys}):
        net = says.networks.get(key)
        real = net.name if net and net.name else f"{project}_{key}"
        names[key] = real
        if not (net and net.external):
            subnets = [one for one in map(compose_files.filled, net.subnets if net else ()) if re.match(r"\d+\.", one)]
            more = {"subnets": subnets} if subnets else {}
            site.network(real, project, key, internal=bool(net and net.internal), **more)
    for service, keys in sorted(runs.items()):
        site.compose(
            project, service, [names[key] for key in keys], *given, env_file=paths.get(said.get("variables"), "")
        )
    return f"{project}-web-1", {file: Path(path).read_bytes().decode() for file, path in paths.items()}


def only_lines_added(before: str, after: str) -> bool:
    """Whether all lines are there as they were, in their order; the last one may have got an end."""
    rest = iter(after.splitlines())
    return all(line in rest for line in before.splitlines())


def warned(plan: dict[str, t.Any]) -> list[str]:
    """The warnings, without the one that containers reach each other over IPv6, see network.members."""
    return [text for text in plan["warnings"] if "reach each other over IPv6" not in text]


def test_every_project_says_what_is_known() -> None:
    assert len(PROJECTS) >= 15
    assert {name: sorted(said.keys() - KEYS) for name, said in PROJECTS.items() if said.keys() - KEYS} == {}


@pytest.mark.parametrize("name", sorted(PROJECTS))
def test_compose_files_as_people_have_them(site: Site, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    said = PROJECTS[name]
    web, before = brought_up(site, name, said)
    if "variables" in said:
        asked(monkeypatch, before[said["variables"]])
    plan = site.plan(web)
    assert f"remove network {said['network']}" in plan["steps"]
    assert plan["prove_on"] == [said["network"]]
    assert (plan["network"], plan["containers"]) == ("", [])
    assert said.get("warns", "") in " ".join(plan["warnings"])
    assert "warns" in said or not warned(plan), plan["warnings"]
    site.carry_out(plan)
    assert next(one for one in site.found.networks if one.name == said["network"]).ipv6
    after = {file: (site.folder / name / file).read_bytes().decode() for file in before}
    changed = [file for file in before if before[file] != after[file]]
    assert changed == [one for one in [said.get("edits")] if one]
    for file in changed:
        if "{" not in before[file].splitlines()[-1]:  # networks in brackets get more on their line
            assert only_lines_added(before[file], after[file])
        assert ("\r\n" in after[file]) is bool(said.get("crlf"))
        assert after[file].count("\r\n") in (0, after[file].count("\n"))
    assert [site.plan(web)["steps"], site.plan(web)["changed"]] == [[], False]


# --- a network that several projects share (case 1)

EDGE = 'services:\n  edge: {image: a, ports: ["443:80"], networks: [shared]}\nnetworks:\n  shared: {external: true}\n'
APP = "services:\n  app: {image: a}\nnetworks:\n  default: {name: shared, external: true}\n"
OWNER = "services:\n  own: {image: a, networks: [s]}\nnetworks:\n  s: {name: shared}\n"
ON_IT = "network shared is replaced with all containers on it, of other projects too: "


def test_a_network_from_outside_that_projects_share(site: Site) -> None:
    site.network("shared")
    edge = site.compose("edge", "edge", ["shared"], site.write("edge/compose.yaml", EDGE))
    app = site.compose("app", "app", ["shared"], site.write("app/compose.yaml", APP))
    site.container("by-hand", "", ["shared"])
    plan = site.plan(edge)
    assert (plan["compose"], plan["containers"], plan["prove_on"]) == ([], [], ["shared"])
    assert plan["networks"] == [{"name": "shared", "containers": [edge], "subnet": "auto"}]
    assert warned(plan) == [f"{ON_IT}{edge} (edge), {app} (app), by-hand (no project)"]
    assert site.plan(edge, app)["networks"][0]["containers"] == [edge, app]
    site.carry_out(plan)
    assert all(one.has_ipv6 for one in site.found.containers)
    again = site.plan(edge, app)
    assert (again["steps"], again["warnings"], again["prove_on"]) == ([], [], ["shared"])


@pytest.mark.parametrize("knows", [True, False])
def test_a_network_that_another_project_makes(site: Site, knows: bool) -> None:
    text = OWNER.replace("{name: shared}", "{name: shared, enable_ipv6: true}") if knows else OWNER
    site.network("shared", "owner", "s")
    owner = site.compose("owner", "own", ["shared"], site.write("owner/compose.yaml", text))
    edge = site.compose("edge", "edge", ["shared"], site.write("edge/compose.yaml", EDGE))
    plan = site.plan(edge)
    (line,) = plan["subnets"]
    found = [one for one in plan["warnings"] if one.startswith("network shared is made by")]
    owns = f"{site.folder}/owner/compose.yaml of Compose project owner"
    expected = (
        f"network shared is made by {owns}, which does not know of IPv6 yet:"
        f' put `networks: {{s: {{enable_ipv6: true, ipam: {{config: [{{subnet: "{line}"}}]}}}}}}` there, or'
        f" name {owner} in dms_ipv6_containers as well, and it is written there"
    )
    assert found == ([] if knows else [expected])
    # As it says: the file is edited, and the network replaced once.
    both = site.plan(edge, owner)
    assert ([one["path"] for one in both["compose"]], both["networks"]) == ([f"{site.folder}/owner/compose.yaml"], [])
    assert both["steps"].count("remove network shared") == 1
    assert not [one for one in both["warnings"] if one.startswith("network shared is made by")]
    site.carry_out(both)
    after = site.plan(edge)
    assert (after["steps"], after["warnings"]) == ([], [])


# --- no file, or one that a program writes (case 20)


@pytest.mark.parametrize("there", [True, False])
def test_a_stack_of_a_program(site: Site, there: bool) -> None:
    site.network("stack_default", "stack", "default")
    path = "/data/compose/12/docker-compose.yml"
    if there:  # as where its data are bind-mounted
        path = site.write("docker-compose.yml", "services: {mail: {image: a}}\n")
        mount = {"Source": str(site.folder), "RW": True}
        site.listed.append({"Image": "portainer/portainer-ce:2.21", "Mounts": [mount]})
    mail = site.compose("stack", "mail", ["stack_default"], path)
    plan = site.plan(mail)
    assert (plan["compose"], [one["name"] for one in plan["networks"]]) == ([], ["stack_default"])
    (warning,) = plan["warnings"]
    assert f"its Compose file {path} is {'Portainer' if there else 'not on this host'}" in warning
    assert (
        f'`networks: {{default: {{enable_ipv6: true, ipam: {{config: [{{subnet: "{plan["subnets"][0]}"}}]}}}}}}`'
        in warning
    )
    assert "into Portainer's editor of the stack stack" in warning
    site.carry_out(plan)
    assert (site.plan(mail)["steps"], site.plan(mail)["warnings"]) == ([], [warning])
    # Once the program has made the network again by what was written there, nothing is left to say.
    site.found = site.found._replace(record={})
    assert site.plan(mail)["warnings"] == []


def test_such_a_file_is_edited_if_it_is_named(site: Site) -> None:
    path = site.write("generated.yml", "# Do not edit\nservices: {mail: {image: a}}\n")
    site.network("x_default", "x", "default")
    mail = site.compose("x", "mail", ["x_default"], path)
    assert site.plan(mail)["compose"] == []
    assert [one["path"] for one in site.plan(mail, files=(path,))["compose"]] == [path]


def test_a_container_with_the_label_of_a_project_alone(site: Site) -> None:
    """Nextcloud AIO makes its containers and their network itself, and keeps the network."""
    site.network("nextcloud-aio")
    site.container("nextcloud-aio-apache", "nextcloud-aio", ["nextcloud-aio"])
    plan = site.plan("nextcloud-aio-apache")
    assert plan["networks"] == [{"name": "nextcloud-aio", "containers": ["nextcloud-aio-apache"], "subnet": "auto"}]
    assert plan["warnings"] == []


def test_a_container_that_no_network_of_its_own_helps(site: Site) -> None:
    site.network("x_back", "x", "back", internal=True)
    site.network("x_lan", "x", "lan", driver="macvlan")
    mail = site.compose("x", "mail", ["x_back", "x_lan"], site.write("compose.yaml", "services: {mail: {image: a}}\n"))
    plan = site.plan(mail)
    assert (plan["containers"], plan["compose"], plan["networks"]) == ([mail], [], [])
    assert f"container {mail}: none of its networks can have IPv6 for published ports" in plan["warnings"][0]


# --- which of several networks, and which file


@pytest.mark.parametrize(
    ("networks", "expected"),
    [
        (["x_default", "x_a", "out"], "x_default"),
        (["x_b", "x_a", "out"], "x_a"),
        (["out", "x_b"], "x_b"),
        (["out", "elsewhere"], "elsewhere"),
    ],
)
def test_the_order_of_ways(site: Site, networks: list[str], expected: str) -> None:
    for name in ("x_default", "x_a", "x_b"):
        site.network(name, "x", name[2:])
    site.network("out")
    site.network("elsewhere")
    text = "services: {mail: {image: a, networks: [default, a, b]}}\nnetworks: {a: {}, b: {}}\n"
    mail = site.compose("x", "mail", networks, site.write("compose.yaml", text))
    assert site.plan(mail)["prove_on"] == [expected]


@pytest.mark.parametrize("key", ["front", "default"])
def test_a_label_that_has_the_networks_name(site: Site, key: str) -> None:
    """Compose 1.29 labels a network that has a name of its own with that, and not with its key."""
    text = f"services: {{mail: {{image: a, networks: [{key}]}}}}\nnetworks: {{{key}: {{name: corp}}}}\n"
    path = site.write("compose.yaml", text)
    site.network("corp", "x", "corp")
    mail = site.compose("x", "mail", ["corp"], path)
    plan = site.plan(mail)
    assert [one["path"] for one in plan["compose"]] == [path]
    site.carry_out(plan)
    assert compose_files.project([(path, Path(path).read_text())]).networks[key].enable_ipv6
    assert (site.plan(mail)["steps"], site.plan(mail)["warnings"]) == ([], [])


def test_containers_on_several_networks_of_one_file(site: Site) -> None:
    text = "services:\n  mail: {image: a, networks: [a]}\n  web: {image: a}\nnetworks:\n  a: {}\n"
    path = site.write("compose.yaml", text)
    site.network("x_default", "x", "default")
    site.network("x_a", "x", "a")
    names = [site.compose("x", "mail", ["x_a"], path), site.compose("x", "web", ["x_default"], path)]
    plan = site.plan(*names)
    assert {(one["shape"], one["network"]) for one in plan["compose"]} == {("named", "a"), ("default", "dms-ipv6")}
    site.carry_out(plan)
    assert site.plan(*names)["steps"] == []
    says = compose_files.project([(path, Path(path).read_text())])
    assert all(says.networks[key].enable_ipv6 for key in ("a", "default"))


@pytest.mark.parametrize("named", ["base.yml", "prod.yml"])
def test_a_file_that_is_named_among_several(site: Site, named: str) -> None:
    base = site.write("base.yml", "services: {mail: {image: a}}\n")
    prod = site.write("prod.yml", "services: {mail: {ports: ['25:25']}}\n")
    site.network("x_default", "x", "default")
    mail = site.compose("x", "mail", ["x_default"], base, prod)
    path = str(site.folder / named)
    plan = site.plan(mail, files=(path,))
    (one,) = plan["compose"]
    assert (one["path"], one["files"]) == (path, [base, prod])
    site.carry_out(plan)
    assert "enable_ipv6: true" in Path(path).read_text()
    assert site.plan(mail)["steps"] == site.plan(mail, files=(path,))["steps"] == []


def test_an_included_service_by_an_override_file(site: Site) -> None:
    path = site.write("compose.yaml", "include: [mail/compose.yaml]\nservices: {web: {image: a}}\n")
    site.network("x_default", "x", "default")
    mail = site.compose("x", "mail", ["x_default"], path)
    plan = site.plan(mail, edit="override")
    assert plan["steps"][0] == f"write {site.folder}/compose.override.yaml: IPv6 on the project's own network"


def test_a_network_that_only_an_included_file_has(site: Site) -> None:
    path = site.write("compose.yaml", "include: [mail/compose.yaml]\nservices: {web: {image: a}}\n")
    site.network("x_front", "x", "front")
    mail = site.compose("x", "mail", ["x_front"], path)
    plan = site.plan(mail)
    assert ([one["name"] for one in plan["networks"]], plan["compose"]) == (["x_front"], [])
    assert "put `networks: {front: {enable_ipv6: true" in plan["warnings"][0]


SHARED_BY_ANCHOR = """\
services: {mail: {image: a}}
networks:
  default: &n
    driver: bridge
  other: *n
"""


def test_a_place_that_is_not_ours_to_edit(site: Site) -> None:
    """The network is replaced, and the run says why the file is not, and what to write."""
    site.network("x_default", "x", "default")
    mail = site.compose("x", "mail", ["x_default"], site.write("compose.yaml", SHARED_BY_ANCHOR))
    plan = site.plan(mail)
    assert ([one["name"] for one in plan["networks"]], plan["compose"]) == (["x_default"], [])
    assert "`networks.other." in plan["warnings"][0] and "so no file is edited: put `networks: {" in plan["warnings"][0]


def test_a_file_that_is_broken_is_refused(site: Site) -> None:
    site.network("x_default", "x", "default")
    mail = site.compose("x", "mail", ["x_default"], site.write("compose.yaml", "services: [\n"))
    with pytest.raises(Refused, match=r"compose\.yaml: line 2, column 1"):
        site.plan(mail)


# --- refusals of those who insist name a way that works (case 2)


SET = "Set ENABLE_IPV6=true in .env, or leave dms_ipv6_attach and dms_ipv6_compose_shape at their defaults"


def asked(monkeypatch: pytest.MonkeyPatch, env_file: str = "", **values: str) -> None:
    """A Compose that replaces variables by these values; those of a file only if it is given that."""
    of_file = dict(line.split("=") for line in env_file.splitlines())

    def of_compose(texts: t.Any, env_files: tuple[str, ...]) -> compose_files.Project:
        text = "".join(text for _path, text in texts)
        for name, value in {**values, **(of_file if env_files else {})}.items():
            text = re.sub(rf"\$\{{{name}(:-[^}}]*)?\}}", value, text)
        return compose_files.project([("compose", text)])

    monkeypatch.setattr(compose_project, "of_compose", of_compose)


VALUES = {"IPV4_NETWORK": "172.22.1", "IPV6_NETWORK": "fd4d:6169:6c63:6f77::/64", "WEB_PORT": "8090"}


@pytest.mark.parametrize(
    ("options", "there", "words"),
    [
        ({"attach": "compose"}, True, "no service is on the project's default network. Use a network with a key of"),
        ({"shape": "named", "network": "cow-network"}, True, SET),
        ({"shape": "named", "network": "cow-network"}, False, "Write it out, install Compose, which works it out, or"),
        ({"edit": "override"}, True, SET),
        ({"edit": "override"}, False, "Write it out, install Compose, which works it out, or leave dms_ipv6_attach"),
        ({"files": True}, True, SET),
    ],
)
def test_a_refusal_names_a_way(
    site: Site, monkeypatch: pytest.MonkeyPatch, options: dict[str, t.Any], there: bool, words: str
) -> None:
    web, _before = brought_up(site, "vendor_variables", PROJECTS["vendor_variables"])
    if there:
        asked(monkeypatch, **VALUES, ENABLE_IPV6="false")
    if "files" in options:
        options = {"files": (str(site.folder / "vendor_variables/docker-compose.yml"),)}
    with pytest.raises(Refused) as refused:
        site.plan(web, **options)
    assert words in str(refused.value)
    assert "leave dms_ipv6_attach and dms_ipv6_compose_shape at their defaults" in str(refused.value)
    assert site.plan(web)["steps"]


def test_values_are_those_that_compose_works_out(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Until the variable is set there is something to say; then the file is as wanted, whatever its defaults."""
    web, before = brought_up(site, "vendor_variables", PROJECTS["vendor_variables"])
    six = "fd12:3456:789a:5::/64"
    asked(monkeypatch, **{**VALUES, "IPV6_NETWORK": six}, ENABLE_IPV6="false")
    plan = site.plan(web)
    assert (plan["subnets"], plan["compose"]) == ([six], [])
    assert "set `ENABLE_IPV6=true` in mailcow.conf" in plan["warnings"][0]
    site.carry_out(plan)
    assert (site.plan(web)["steps"], site.plan(web)["warnings"]) == ([], plan["warnings"])
    asked(monkeypatch, **{**VALUES, "IPV6_NETWORK": six}, ENABLE_IPV6="true")
    after = site.plan(web)
    assert (after["steps"], after["warnings"], after["networks"]) == ([], [], [])
    assert [one["network"] for one in after["compose"]] == ["cow-network"]
    assert (site.folder / "vendor_variables/docker-compose.yml").read_text() == before["docker-compose.yml"]


@pytest.mark.parametrize(
    ("text", "value", "lines"),
    [
        ("${A:-false}", "true", ["A=true"]),
        ("$A", "true", ["A=true"]),
        ("${A:-x}/64", "fd12::/64", ["A=fd12::"]),
        ("${A}${B}", "fd12::/64", []),
        ("fd13:${A}", "fd12::/64", []),
        ("true", "true", []),
    ],
)
def test_lines_of_env(text: str, value: str, lines: list[str]) -> None:
    assert compose_files.lines_of_env(text, value) == lines
