# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What pages show is what runs print: each command with an output is run on a lab host, in the order of its page."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import typing as t
from pathlib import Path
from types import MappingProxyType

import pytest
import yaml

from tests.integration.conftest import MAIL
from tests.integration.lab_host import TOP, Host, clean, output

GUIDES = TOP / "docs" / "docsite" / "rst"
RST = re.compile(r"^\.\. output of: (.+)\n\.\. code-block:: \w+\n\n((?:    .*\n|\n)+)", re.MULTILINE)
MARKDOWN = re.compile(r"^<!-- output of: (.+) -->\n```text\n((?:.*\n)+?)```$", re.MULTILINE)
INVENTORY = re.compile(r"^( *)# inventory\S*\n((?:\1(?!```).*\n|\n)+)", re.MULTILINE)
# What differs from host to host, and from run to run.
VARIES = (
    (re.compile(r"\bfd[0-9a-f]{2}:[0-9a-f:]+"), "ULA"),
    (re.compile(r"\b172\.\d+\.0\.1\b"), "GATEWAY"),
    (re.compile(r"\b198\.18\.\d+\.\d+\b"), "CLIENT"),
    (re.compile(r"\bports \d+,"), "ports PORT,"),
    (re.compile(r"\b\d+\.\d+ s\b"), "TIME"),
    (re.compile(r"@@ [-+,\d ]+ @@"), "@@"),
    (re.compile(r"\s+"), " "),
)
PROJECTS = {
    "mail": """\
services:
  mailserver:
    image: dms-lab/whoami
    container_name: mailserver
    environment: {LISTEN: "[::]:25 [::]:465"}
    ports:
      - "25:25"
""",
    "proxy": """\
services:
  traefik:
    image: dms-lab/whoami
    container_name: traefik
    ports:
      - "80:80"
    networks: [web]
networks:
  web:
    external: true
""",
}
BOTH = '{"dms_ipv6_containers": ["mailserver", "traefik"]}'


class Page(t.NamedTuple):
    """A page, and the host that it is about.

    Attributes:
        projects: of Compose, that run there.
        edits: (text, other text) in their files.
        given: variables that the reader has added to the inventory on the way.
        before: number of an output, from 0 -> the playbook that the page has had run before it.
    """

    path: Path
    projects: tuple[str, ...] = ("mail",)
    edits: tuple[tuple[str, str], ...] = ()
    given: str = "{}"
    before: t.Mapping[int, str] = MappingProxyType({})


TWO_PORTS = (('      - "25:25"\n', '      - "25:25"\n      - "465:465"\n'),)
PAGES = {
    "README": Page(TOP / "README.md", ("mail", "proxy"), given=BOTH),
    "start": Page(GUIDES / "start.rst", ("mail", "proxy"), given=BOTH),
    "audit": Page(GUIDES / "audit.rst", edits=TWO_PORTS),
    "enable": Page(GUIDES / "enable.rst"),
    "prevent": Page(GUIDES / "prevent.rst"),
    "probe_hosts": Page(GUIDES / "probe_hosts.rst", before={0: "dms.ipv6.enable"}),
    "reverse_proxy": Page(
        GUIDES / "reverse_proxy.rst",
        ("proxy",),
        (('      - "80:80"\n', '      - "80:80"\n      - "443:80"\n'),),
        before={1: "dms.ipv6.enable"},
    ),
}


def outputs(text: str) -> list[tuple[str, str]]:
    """(command, its output) of a page, in order."""
    found = RST.findall(text) or MARKDOWN.findall(text)
    return [(command, block) for command, block in found]


def same(text: str) -> str:
    """A text without what varies, in one line."""
    for pattern, word in VARIES:
        text = pattern.sub(word, text)
    return text.strip()


def missing(block: str, printed: str) -> list[str]:
    """Lines of a page that a run did not print, or not in this order."""
    rest, left = same(printed), []
    for line in filter(None, map(same, block.splitlines())):
        before, found, after = rest.partition(line)
        rest = after if found else before
        left += [] if found else [line]
    return left


def inventory(page: Page, host: Host, client: Host, place: Path) -> Path:
    """The inventory that the page shows, with the lab's hosts under its names."""
    found = [
        match for match in INVENTORY.findall(page.path.read_text()) if "docker:" in match[1] and "{{" not in match[1]
    ]
    shown = found[-1] if found else INVENTORY.findall((GUIDES / "start.rst").read_text())[0]
    groups: dict[str, t.Any] = yaml.safe_load(re.sub(rf"^{shown[0]}", "", shown[1], flags=re.MULTILINE))
    docker = {name: {"ansible_host": host.container} for name in groups["docker"]["hosts"]}
    probe_hosts = groups["docker"]["vars"].get("dms_ipv6_probe_hosts", ())
    others = {name: {"ansible_host": client.container} for name in probe_hosts}
    common: dict[str, t.Any] = {
        "ansible_connection": "community.docker.docker",
        "ansible_python_interpreter": "/usr/bin/python3",
    }
    # The lab's hosts have a root without sudo, and no registry.
    common |= {"ansible_become": False, "dms_ipv6_probe_image": "dms-lab/whoami"}
    written = {
        "docker": {"hosts": docker, "vars": {**groups["docker"]["vars"], **common}},
        "clients": {"hosts": others, "vars": common},
    }
    path = place / "inventory.json"
    path.write_text(json.dumps(written))
    return path


def run(command: str, page: Page, place: Path) -> tuple[int, str]:
    """Exit code of a playbook with its options, and what it printed."""
    more = ["-e", page.given] if command != "dms.ipv6.audit" else []
    line = ["ansible-playbook", "-i", str(place), *shlex.split(command), *more]
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


@pytest.fixture
def page(request: pytest.FixtureRequest, hosts: dict[str, Host]) -> t.Iterator[Page]:
    wanted: Page = PAGES[request.param]
    host = hosts["trixie"]
    clean(host)
    host.run("rm /etc/docker/daemon.json; sleep 0.2; systemctl restart docker; docker rm -f mail >/dev/null")
    if "proxy" in wanted.projects:
        host.run("docker network create web >/dev/null")
    for project in wanted.projects:
        text = PROJECTS[project]
        for old, new in wanted.edits:
            text = text.replace(old, new)
        host.run(f"mkdir -p /srv/{project}")
        output("docker", "exec", "-i", host.container, "tee", f"/srv/{project}/compose.yaml", stdin=text)
        host.run(f"cd /srv/{project}; docker compose up -d --quiet-pull 2>&1")
    yield wanted
    for project in wanted.projects:
        host.run(f"cd /srv/{project}; docker compose down 2>&1; rm -rf /srv/{project}")
    host.run(f"docker network rm web >/dev/null 2>&1 || true; {MAIL}")
    clean(host)


@pytest.mark.parametrize("page", PAGES, indirect=True)
def test_what_a_page_shows(page: Page, hosts: dict[str, Host], tmp_path: Path) -> None:
    blocks = outputs(page.path.read_text())
    assert blocks
    place = inventory(page, hosts["trixie"], hosts["client"], tmp_path)
    faults = {}
    for number, (command, block) in enumerate(blocks):
        code, printed = run(page.before[number], page, place) if number in page.before else (0, "")
        assert not code, printed
        code, printed = run(re.sub(r"^ansible-playbook -i \S+ ", "", command), page, place)
        left = missing(block, printed)
        if left or code:
            faults[command] = "\n".join([f"rc {code}", *left, printed])
    assert not faults, "\n\n".join(f"{command}: {said}" for command, said in faults.items())


def test_every_page_with_an_output_is_run() -> None:
    pages = [TOP / "README.md", *GUIDES.glob("*.rst")]
    assert {path for path in pages if outputs(path.read_text())} == {page.path for page in PAGES.values()}
