# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compose files as they are found, and generated ones. Data only: any test can feed them to anything."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from hypothesis import strategies as st

# A mail server's file as its documentation gives it: many comments, lists indented, a comment behind the last key.
MAIL = """\
# The documentation explains all of this.
services:
  mailserver:
    image: ghcr.io/docker-mailserver/docker-mailserver:latest
    container_name: mailserver
    # Provide the FQDN of your mail server here (Your DNS MX record should point to this value)
    hostname: mail.example.com
    env_file: mailserver.env
    # More information about the mail-server ports:
    #\ta tab, and "quotes" - and: colons
    ports:
      - "25:25"    # SMTP  (explicit TLS => STARTTLS, Authentication is DISABLED => use port 465/587 instead)
      - "143:143"  # IMAP4 (explicit TLS => STARTTLS)
      - '465:465'\t# ESMTP (implicit TLS)
      - 587:587
      - target: 993
        published: "993"
        protocol: tcp
        mode: host
    volumes:
      - ./docker-data/dms/mail-data/:/var/mail/
      - ./docker-data/dms/config/:/tmp/docker-mailserver/
      - /etc/localtime:/etc/localtime:ro
    restart: always
    stop_grace_period: 1m
    # Uncomment if using `ENABLE_FAIL2BAN=1`:
    # cap_add:
    #   - NET_ADMIN
    healthcheck:
      test: "ss --listening --ipv4 --tcp | grep --silent ':smtp' || exit 1"
      timeout: 3s
      retries: 0
      # start_period: 5m

# vim: set ft=yaml :
"""

# Anchors, merge keys, keys of one's own, four spaces, lists that are not indented, a block scalar, many sections.
SHARED = """\
version: "3.8"
x-logging: &logging
    driver: json-file
    options: {max-size: "10m", max-file: '3'}
x-common: &common
    restart: unless-stopped
    logging: *logging
    networks: &common-networks
    - front
services:
    web:
        <<: *common
        image: nginx:1.27
        command: |
            sh -c "
              echo 'networks:'
            "
        depends_on:
        - mail
    mail:
        image: mail:1
        networks:
            front:
                aliases:
                - smtp
                ipv4_address: 172.20.0.25   # fixed
            back: {}
        environment:
            TZ: Europe/Berlin
            DEBUG: "yes"
    admin: {image: "admin:2", networks: [front, back]}
networks:
    front:
        driver: bridge
        ipam:
            driver: default
            config:
            - subnet: 172.20.0.0/16
              gateway: 172.20.0.1
    back:
volumes:
    data: {}
"""

# What has its subnets from variables.
VARIABLES = """\
services:

  postfix:
    image: postfix
    ports:
      - "${SMTP_PORT:-25}:25"
      - "${HTTP_BIND:-0.0.0.0}:${HTTP_PORT:-80}:80"
    networks:
      mail-network:
        ipv4_address: ${IPV4_NETWORK:-172.22.1}.253
        aliases:
          - postfix

networks:
  mail-network:
    driver: bridge
    enable_ipv6: false
    ipam:
      driver: default
      config:
        - subnet: ${IPV4_NETWORK:-172.22.1}.0/24
"""


@dataclass(frozen=True)
class Generated:
    """A Compose file, and the names of its services that no network_mode binds."""

    text: str
    services: tuple[str, ...]


NAMES = ("mail", "web", "db-1", "a.b", "2fauth", "n")
COMMENTS = ("", "", "", "  # a comment", "  #\ttab: [x", " # 'open")
FOREIGN = (
    ("command", '["sh", "-c", "echo: {{}}"]{0}'),
    ("hostname", "'it''s'{0}"),
    ("labels", '{{a.b: "1", c: }}{0}'),
    ("restart", "always{0}"),
    ("x-number", "1_000{0}"),
    ("x-nothing", "{0}"),
)


@dataclass(frozen=True)
class Shape:
    """How a file is indented: ``pads`` by depth, ``dash`` before a list's dashes below their key."""

    pads: tuple[str, ...]
    dash: str


Draw = t.Callable[[st.SearchStrategy[t.Any]], t.Any]
SHAPES = [
    Shape(tuple(" " * step * depth for depth in range(6)), " " * dash)
    for step in (2, 3, 4, 8)
    for dash in sorted({0, 2, step})
]
KINDS = ("", "", "list", "flow list", "mapping", "flow mapping", "mode", "empty list", "empty mapping")


def service(draw: Draw, shape: Shape, name: str, kind: str) -> list[str]:
    """The lines of a service; ``kind``: how it says its networks."""
    one, two, three, four = shape.pads[1:5]
    comment = st.sampled_from(COMMENTS)
    said = {
        "list": [f"{two}networks:", f"{two}{shape.dash}- front{draw(comment)}"],
        "flow list": [f"{two}networks: [front, default]{draw(comment)}"],
        "mapping": [f"{two}networks:", f"{three}front:", f"{four}aliases: [x]{draw(comment)}"],
        "flow mapping": [f"{two}networks: {{front: {{aliases: [x]}}, 'default': }}{draw(comment)}"],
        "mode": [f"{two}network_mode: host"],
        "empty list": [f"{two}networks: []{draw(comment)}"],
        "empty mapping": [f"{two}networks: {{}}{draw(comment)}"],
    }
    parts = [
        [f"{two}image: nginx:1.27{draw(comment)}"],
        [f"{two}ports:", f'{two}{shape.dash}- "25:25"{draw(comment)}'],
        said.get(kind, []),
    ]
    for key, value in draw(st.lists(st.sampled_from(FOREIGN), unique=True)):
        parts.append([f"{two}{key}: {value.format(draw(comment))}".rstrip(" ")])
    if draw(st.booleans()):
        parts.append([f"{two}x-text: |{draw(st.sampled_from(('', '-', '+')))}", f"{three}# no comment", ""])
    lines = [f"{one}{name}:{draw(comment)}"]
    for part in draw(st.permutations(parts)):
        lines += [*part, *draw(st.sampled_from(([], [], [""], [f"{two}# about nothing"], [f"{four}# deeper"])))]
    return lines


def networks(draw: Draw, shape: Shape, used: bool) -> list[str]:
    """The lines of the networks; ``used``: whether a service needs the one named ``front``."""
    one, two, three = shape.pads[1:4]
    comment = draw(st.sampled_from(COMMENTS))
    kinds = [
        [],
        [f"{one}default:{comment}"],
        [f"{one}default: {{driver: bridge}}{comment}"],
        [f"{one}default:", f"{two}enable_ipv6: false{comment}"],
        [
            f"{one}default:",
            f"{two}ipam:",
            f"{three}config:",
            f"{three}{shape.dash}- subnet: 172.28.0.0/16{comment}",
            f"{three}{shape.dash}  gateway: 172.28.0.1",
        ],
    ]
    sections = [[f"networks:{comment}", f"{one}front: {{}}", *kind] for kind in kinds]
    empty = [] if used else [[], ["networks:"], [f"networks: {{}}{comment}"], ["networks: null"]]
    return list(draw(st.sampled_from(sections + empty)))


@st.composite
def compose_files(draw: Draw) -> Generated:
    """Files that differ in indentation, list style, order, comments, line ends, and in what they say of networks."""
    shape = draw(st.sampled_from(SHAPES))
    kinds = draw(st.dictionaries(st.sampled_from(NAMES), st.sampled_from(KINDS), min_size=1, max_size=3))
    services = [line for name, kind in kinds.items() for line in service(draw, shape, name, kind)]
    sections = [
        ["services:", *services],
        networks(draw, shape, any("front" in line for line in services)),
        draw(st.sampled_from(([], ["x-own: {a: [1, 2.50, ~], b: 0o7}  # c"]))),
        draw(st.sampled_from(([], ["volumes:", f"{shape.pads[1]}data:"]))),
    ]
    lines = list(draw(st.sampled_from(([], ["---"], ["# head", ""]))))
    for section in draw(st.permutations(sections)):
        lines += [*section, *draw(st.sampled_from(([], [""], ["", "# between"], ["# close"])))]
    newline = draw(st.sampled_from(("\n", "\n", "\r\n")))
    text = newline.join(lines).rstrip("\r\n")
    # A block scalar at the end without a line end cannot be followed by anything: it would gain one.
    scalar = text.endswith(("# no comment", "# deeper"))
    end = draw(st.sampled_from((newline, newline * 2) if scalar else (newline, "", newline * 2)))
    free = tuple(name for name, kind in kinds.items() if kind != "mode")
    return Generated(text + end, free)
