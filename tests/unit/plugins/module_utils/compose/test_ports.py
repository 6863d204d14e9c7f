# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ports of a Compose project on IPv4 only: the text, and what becomes of the project that runs."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.dms.ipv6.plugins.module_utils.change.file_steps import WriteFile
from ansible_collections.dms.ipv6.plugins.module_utils.compose import plan as compose_plan
from ansible_collections.dms.ipv6.plugins.module_utils.compose import ports as compose_ports
from ansible_collections.dms.ipv6.plugins.module_utils.compose.steps import Recreate
from ansible_collections.dms.ipv6.plugins.module_utils.core.refused import Refused
from ansible_collections.dms.ipv6.plugins.module_utils.state import docker_objects
from ansible_collections.dms.ipv6.tests.unit.plugins.module_utils.hosts import COMPOSE_FILE, host, of_compose

# A port entry of the service mail, and what becomes of it; the same text: it is left alone.
BLOCK = [
    ("25:25", '"0.0.0.0:25:25"'),
    ('"25:25"', '"0.0.0.0:25:25"'),
    ("'25:25'", "'0.0.0.0:25:25'"),
    ('"25:25/tcp"', '"0.0.0.0:25:25/tcp"'),
    ('"53:53/udp"', '"0.0.0.0:53:53/udp"'),
    ("8000-8010:8000-8010", '"0.0.0.0:8000-8010:8000-8010"'),
    ("8000:80", '"0.0.0.0:8000:80"'),
    ("'${PORT:-25}:25'", "'0.0.0.0:${PORT:-25}:25'"),
    ('"${PORT-25}:${IN:-25}"', '"0.0.0.0:${PORT-25}:${IN:-25}"'),
    ('"25:${IN}"', '"0.0.0.0:25:${IN}"'),
    ("25:25     # SMTP", '"0.0.0.0:25:25"     # SMTP'),
    # An empty address means both families, as Immich has it and as people write it.
    ('":25:25"', '"0.0.0.0:25:25"'),
    ('":25:25/udp"', '"0.0.0.0:25:25/udp"'),
    ('":${PORT:-25}:25"', '"0.0.0.0:${PORT:-25}:25"'),
    ('"${EXPOSE_PORT-:2283:2283}"', '"${EXPOSE_PORT-0.0.0.0:2283:2283}"'),
    ('"${EXPOSE:-:2283:2283}/tcp"', '"${EXPOSE:-0.0.0.0:2283:2283}/tcp"'),
    ('"${ALL:-:}25:25"', '"${ALL:-0.0.0.0:}25:25"'),
    ('"${EXPOSE_PORT:-:2283}:2283"', '"${EXPOSE_PORT:-0.0.0.0:2283}:2283"'),
    # No host port: the engine chooses one.
    ('":25"', '":25"'),
    ('"::25"', '"::25"'),
    ("25", "25"),
    ('"25"', '"25"'),
    ("25/udp", "25/udp"),
    ("3000-3005", "3000-3005"),
    # An address is named.
    ('"127.0.0.1:25:25"', '"127.0.0.1:25:25"'),
    ("0.0.0.0:25:25", "0.0.0.0:25:25"),
    ('"192.0.0.8::25"', '"192.0.0.8::25"'),
    ('"${SQL_PORT:-127.0.0.1:13306}:3306"', '"${SQL_PORT:-127.0.0.1:13306}:3306"'),
    ('"[::]:25:25"', '"[::]:25:25"'),
    ('"[::1]:25:25"', '"[::1]:25:25"'),
    ('":::25:25"', '":::25:25"'),
]
LONG = [
    ("{target: 25, published: 25}", '{target: 25, published: 25, host_ip: "0.0.0.0"}'),
    ('{"target": 25, "published": "25"}', '{"target": 25, "published": "25", host_ip: "0.0.0.0"}'),
    ("{target: 25, published: 25, host_ip: ''}", "{target: 25, published: 25, host_ip: '0.0.0.0'}"),
    ("{target: 25, published: 25, host_ip: 127.0.0.1}", "{target: 25, published: 25, host_ip: 127.0.0.1}"),
    ("{target: 25, published: 25, host_ip: '::'}", "{target: 25, published: 25, host_ip: '::'}"),
    ("{target: 25}", "{target: 25}"),
    (
        "target: 25\n        published: 25   # SMTP\n        mode: host",
        'target: 25\n        published: 25   # SMTP\n        mode: host\n        host_ip: "0.0.0.0"',
    ),
]
FILE = """\
# Mail. Ask before you touch the ports.
services:
  mail:
    image: 'dms-lab/whoami'   # keep
    ports:
      - "4190:4190"
      - {0}
  web:
    ports: ["80:80"]
"""


def file(entry: str) -> str:
    return FILE.replace("{0}", entry)


def done(entry: str) -> str:
    return file(entry).replace('"4190:4190"', '"0.0.0.0:4190:4190"')


def edited(text: str, *services: str) -> str:
    return compose_ports.publish_on_ipv4(text, services or ("mail",), COMPOSE_FILE)


@pytest.mark.parametrize(("entry", "after"), [*BLOCK, *LONG])
def test_entry(entry: str, after: str) -> None:
    """Nothing but the entry changes, and the result stays as it is."""
    text = edited(file(entry))
    assert text == done(after)
    assert edited(text) == text


@pytest.mark.parametrize(
    ("entry", "after"), [one for one in [*BLOCK, *LONG] if "#" not in one[0] and "\n" not in one[0]]
)
def test_entry_in_brackets(entry: str, after: str) -> None:
    text = f"services:\n  mail: {{ports: [{entry}, 1:1]}}\n"
    assert edited(text) == f'services:\n  mail: {{ports: [{after}, "0.0.0.0:1:1"]}}\n'


@pytest.mark.parametrize("text", [done("7:7").replace("\n", "\r\n"), "\ufeff" + done("7:7"), done("7:7").rstrip("\n")])
def test_line_ends_and_the_rest(text: str) -> None:
    assert edited(text) == text.replace("- 7:7", '- "0.0.0.0:7:7"')


def test_only_the_services_named() -> None:
    assert edited(done("1"), "web") == done("1").replace('["80:80"]', '["0.0.0.0:80:80"]')
    assert edited(done("1"), "mail", "web") == done("1").replace('["80:80"]', '["0.0.0.0:80:80"]')
    assert edited(done("1"), "other") == done("1")


PUBLISHED = '    ports:\n      - "0.0.0.0:25:25"\n'


@pytest.mark.parametrize(
    ("text", "after"),
    [
        # What another service shares stays as it is there.
        (
            "x: &ports\n- 25:25\nservices:\n  mail:\n    ports: *ports\n  web:\n    ports: *ports\n",
            'x: &ports\n- 25:25\nservices:\n  mail:\n    ports:\n    - "0.0.0.0:25:25"\n  web:\n    ports: *ports\n',
        ),
        (
            "x: &x {ports: ['25:25']}\nservices:\n  mail:\n    <<: *x\n  web:\n    <<: *x\n",
            "x: &x {ports: ['25:25']}\nservices:\n  mail:\n    <<: *x\n" + PUBLISHED + "  web:\n    <<: *x\n",
        ),
        (
            "x: &x 25:25\nservices:\n  mail:\n    ports:\n    - *x\n    - 26:26\n",
            'x: &x 25:25\nservices:\n  mail:\n    ports:\n    - "0.0.0.0:25:25"\n    - "0.0.0.0:26:26"\n',
        ),
    ],
)  # fmt: skip
def test_anchors(text: str, after: str) -> None:
    assert edited(text) == after


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ('"${PORT}:25"', "line 7, column 9: it is unknown here whether `${PORT}:25` of service mail"),
        ('"$PORT:25"', "`$PORT:25` of service mail names an address. Write it yourself, such as 0.0.0.0:25:25"),
        ('"${BIND}:25:25"', "whether `${BIND}:25:25`"),
        ('"${BIND:-}:25:25"', "whether `${BIND:-}:25:25`"),
        ('":${PORT}:25"', "whether `:${PORT}:25`"),
        ('"${PORTS}"', "whether `${PORTS}`"),
        ('"smtp:25"', "whether `smtp:25`"),
        ('{target: 25, published: 25, host_ip: "${BIND}"}', "whether `${BIND}, port 25`"),
        ("&p 25:25", "an anchor or a tag stands where the change has to go"),
        ("!x 25:25", "line 7, column 9: a port must be text, a number or a mapping"),
        ("[25]", "line 7, column 9: a port must be text, a number or a mapping"),
        ("true", "line 7, column 9: a port must be text, a number or a mapping"),
    ],
)  # fmt: skip
def test_refused_entries(entry: str, words: str) -> None:
    with pytest.raises(Refused) as reason:
        edited(file(entry))
    assert words in str(reason.value)
    assert str(reason.value).startswith(COMPOSE_FILE)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("services: {mail: {ports: 25}}", "line 1, column 19: `ports` must be a list"),
        ("services: {mail: {ports: !override [25:25]}}", "`ports` carries the tag !override, which is not edited"),
        ("services: {mail: [1]}", "line 1, column 12: `mail` must be a mapping"),
        ("services: [mail]", "line 1, column 1: `services` must be a mapping"),
        ("services: {", "line 1"),
        ("services:\n  mail: &m {ports: [25:25]}\n  web: *m\n", "`services.web.ports.0` would change as well"),
    ],
)
def test_refused_files(text: str, words: str) -> None:
    with pytest.raises(Refused) as reason:
        edited(text)
    assert words in str(reason.value)


# --- a project


def files(text: str = file("7:7"), override: str | None = None, path: str = COMPOSE_FILE) -> compose_plan.Files:
    over = "/srv/shop/compose.override.yaml"
    return compose_plan.Files(path, text.encode(), over, None if override is None else override.encode())


def port(number: int, six: bool = True, protocol: str = "tcp") -> tuple[docker_objects.Port, ...]:
    four = docker_objects.Port(number, protocol, "0.0.0.0", number)
    return (four, four._replace(host_ip="::")) if six else (four,)


def mail(*ports: tuple[docker_objects.Port, ...], service: str = "mail", **more: t.Any) -> docker_objects.Container:
    return of_compose(service, ports=tuple(one for some in ports for one in some), **more)


def planned(
    *containers: docker_objects.Container, recreate: bool = False, services: tuple[str, ...] = (), **more: t.Any
) -> compose_ports.PortsPlan:
    made = files(**more)
    wanted = compose_plan.Wanted(made.path, services=services)
    return compose_ports.plan(wanted, made, host(containers=containers), recreate)


RUNS = (mail(port(4190), port(7)), mail(port(80), service="web"))
WRITE = f"write {COMPOSE_FILE}: ports published on IPv4 only"


@pytest.mark.parametrize(
    ("services", "waiting"), [(("mail",), ("mail",)), ((), ("mail", "web")), (("web", "mail"), ("mail", "web"))]
)
@pytest.mark.parametrize("recreate", [True, False])
def test_plan(services: tuple[str, ...], waiting: tuple[str, ...], recreate: bool) -> None:
    made = planned(*RUNS, services=services, recreate=recreate)
    assert made.waiting == waiting
    up = [f"let Compose re-create {', '.join(waiting)} of project shop"]
    assert made.sentences() == [WRITE, *(up if recreate else [])]
    said = "are refused only once the next `docker compose up -d` has re-created it"
    assert [said in one for one in made.warnings] == ([] if recreate else [True])
    assert made.texts[0][1] == edited(file("7:7"), *waiting)
    assert made.project == "shop"


def test_nothing_is_left_to_do_afterwards() -> None:
    """Once written there is nothing to write, and once re-created no container waits."""
    text = edited(file("7:7"), "mail", "web")
    waits = planned(*RUNS, text=text)
    assert (waits.steps, waits.waiting) == ((), ("mail", "web"))
    again = planned(
        mail(port(4190, False), port(7, False)), mail(port(80, False), service="web"), text=text, recreate=True
    )
    assert (again.steps, again.waiting, again.warnings) == ((), (), ())


def test_project_that_does_not_run() -> None:
    made = planned(recreate=True)
    assert (made.sentences(), made.waiting, made.containers) == ([WRITE], (), ())


def test_container_of_another_project() -> None:
    assert planned(mail(port(7), project="other", path="/srv/other/compose.yaml")).waiting == ()


def test_override_file_is_edited_as_well() -> None:
    """Compose adds its ports to those of the other, so they would stay on IPv6."""
    over = "services:\n  mail:\n    ports: ['8:8']\n"
    made = planned(mail(port(8)), override=over, services=("mail",))
    assert made.sentences() == [WRITE, WRITE.replace("compose.yaml", "compose.override.yaml")]
    assert [one.before == one.after for one in made.edits] == [False, False]
    assert made.waiting == ("mail",)
    assert [one.path for one in made.edits] == [path for path, _text in made.texts]


@pytest.mark.parametrize(
    ("entry", "ports", "words"),
    [
        ("7", port(7), "service mail publishes 7 on a random host port, on IPv6 as well: left alone"),
        ('"[::]:7:7"', port(7), "service mail publishes [::]:7:7 on an IPv6 address by name: left alone"),
        ("{target: 7, published: 7, host_ip: '::'}", port(7), "service mail publishes ::, port 7 on an IPv6 address"),
        ("127.0.0.1:7:7", (), ""),
        ("7:7", (), ""),
    ],
)
def test_what_is_left_alone(entry: str, ports: tuple[docker_objects.Port, ...], words: str) -> None:
    said = [one for one in planned(mail(ports), text=done(entry)).warnings if "left alone" in one]
    assert len(said) == bool(words)
    assert "".join(said).startswith(words)


@pytest.mark.parametrize(
    ("entry", "ports", "waits"),
    [
        ("7:7", port(7), True),
        ("7:7", port(7, False), False),
        ("7:7/udp", port(7, protocol="udp"), True),
        ("7-9:7-9", port(8), True),
        ('"7:${IN}"', port(5), True),
        ("{target: 7, published: 7}", port(7), True),
        ("{target: 7, published: 7, protocol: udp}", port(7, protocol="udp"), True),
        # A part of it stays on IPv6, whatever re-creates it.
        ("7", port(7), False),
    ],
)
def test_who_waits(entry: str, ports: tuple[docker_objects.Port, ...], waits: bool) -> None:
    assert bool(planned(mail(ports), text=done(entry)).waiting) is waits


@pytest.mark.parametrize(
    ("entry", "ports"), [("7:7", port(99)), ("7:7", port(7, protocol="udp")), ("7-9:7-9", port(10))]
)
def test_port_of_unknown_origin_is_refused(entry: str, ports: tuple[docker_objects.Port, ...]) -> None:
    """From another file, say, that this one includes."""
    with pytest.raises(
        Refused, match=r"container shop-mail-1 publishes port .* on IPv6, and its service mail does not"
    ):
        planned(mail(ports), text=done(entry))


def test_service_that_is_not_there() -> None:
    with pytest.raises(Refused, match=r"there is no service `mial` \(there is: mail, web\)\. Correct the name"):
        planned(services=("mial",))


@pytest.mark.parametrize("path", ["/srv/shop/compose.yaml", "/srv/shop/mail.yml"])
def test_how_compose_is_called(path: str) -> None:
    """As its user does: a file that Compose finds by itself is not named."""
    made = planned(mail(port(7), path=path), path=path, services=("mail",), recreate=True)
    assert made.steps[-1] == Recreate("/srv/shop", "" if path.endswith("compose.yaml") else path, "shop", ("mail",))


def test_way_back() -> None:
    """The old file first, and then the container from it."""
    made = planned(mail(port(7)), services=("mail",), recreate=True)
    write, up = made.steps
    assert isinstance(write, WriteFile)
    back = WriteFile(COMPOSE_FILE, write.old, "as it was", write.content, True)
    assert (made.back(0), made.back(1), made.back(2)) == ((), (back,), (back, up))


# --- who would come back as something else


@pytest.mark.parametrize(
    ("hashes", "expected"),
    [
        ([{"mail": "old"}], []),
        ([{"mail": "new"}, {"mail": "old"}], []),
        ([{"mail": "new"}, {"mail": "newer"}], ["mail"]),
        ([{"mail": "new"}, None], ["mail"]),
        ([{"web": "old"}], ["mail"]),
    ],
)
def test_unlike(hashes: t.Any, expected: list[str]) -> None:
    made = planned(mail(port(7), labels={docker_objects.COMPOSE_HASH: "old"}), services=("mail",), recreate=True)
    assert compose_ports.unlike(made, hashes) == expected


def test_who_does_not_wait_may_be_unlike() -> None:
    made = planned(mail(port(7, False), labels={docker_objects.COMPOSE_HASH: "old"}), services=("mail",), recreate=True)
    assert compose_ports.unlike(made, [{"mail": "new"}]) == []
