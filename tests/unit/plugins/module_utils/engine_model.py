# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A little Engine API on a unix socket: networks and containers on them, and one answer that is not as it should be."""

from __future__ import annotations

import contextlib
import copy
import http
import http.server
import ipaddress
import json
import socket
import socketserver
import threading
import typing as t
from urllib.parse import unquote

Json = dict[str, t.Any]
# How a request that changes something ends: with a status, or with no answer, before or after it was carried out.
LOST, CARRIED_OUT = "the connection is lost", "the connection is lost after it was carried out"
FAULTS = (400, 409, 500, LOST, CARRIED_OUT)
FREE = tuple(f"172.{number}.0.0/24" for number in range(18, 32))


class Engine:
    """Networks by name, containers by id.

    Attributes:
        fault: of FAULTS, for the request that changes something and has the number ``at``, from 1.
        changes: how many of these there were.
        strict: whether it is a 29.0.4, which takes no IPv6 address on a network without IPv6.
    """

    def __init__(self, strict: bool = False) -> None:
        self.networks: dict[str, Json] = {}
        self.containers: dict[str, Json] = {}
        self.strict = strict
        self.fault: int | str = 0
        self.at = self.changes = self.made = 0

    def add_network(self, name: str, *subnets: str, **more: t.Any) -> None:
        config = [{"Subnet": subnet} for subnet in subnets]
        body = {
            "Name": name,
            "Driver": "bridge",
            "EnableIPv6": any(":" in one for one in subnets),
            "Labels": {},
            **more,
        }
        self._create({**body, "IPAM": {"Driver": "default", "Config": config}})

    def add_container(self, name: str, *places: tuple[str, Json], running: bool = True) -> None:
        state: Json = {"Running": running, "Status": "running" if running else "exited", "StartedAt": "1", "Pid": 4711}
        state["ExitCode"] = 0
        networks: Json = {}
        self.containers[f"{name}-id"] = {
            "Id": f"{name}-id",
            "Name": f"/{name}",
            "State": state,
            "Config": {},
            "HostConfig": {"NetworkMode": places[0][0]},
            "NetworkSettings": {"Networks": networks},
        }
        for network, settings in places:
            self._connect(network, {"Container": f"{name}-id", "EndpointConfig": settings})

    def snapshot(self) -> Json:
        """All that must not get lost: definitions, and who is on which network with which addresses and names."""
        networks = {name: {**one, "Id": ""} for name, one in self.networks.items()}
        containers = {
            one["Name"]: (one["State"], one["NetworkSettings"]["Networks"]) for one in self.containers.values()
        }
        return copy.deepcopy({"networks": networks, "containers": containers})

    def answer(self, method: str, path: str, body: Json) -> tuple[int, t.Any]:
        """Status and JSON; a status of 0 for a connection that is lost."""
        if method == "GET":
            return self._get(path)
        self.changes += 1
        fault = self.fault if self.changes == self.at else 0
        if isinstance(fault, int) and fault:
            return fault, {"message": f"no, and {fault}"}
        done = (200, {}) if fault == LOST else self._change(method, path, body)
        return (0, {}) if fault else done

    def _get(self, path: str) -> tuple[int, t.Any]:
        _root, kind, *rest = path.partition("?")[0].split("/")
        if kind == "info":
            return 200, {"ServerVersion": "26.1.5"}
        if kind == "networks":
            return 200, list(self.networks.values())
        if rest == ["json"]:
            return 200, [self._listed(one) for one in self.containers.values()]
        found = next((one for one in self.containers.values() if rest[0] in (one["Id"], one["Name"][1:])), None)
        return (200, found) if found else (404, {"message": f"No such container: {rest[0]}"})

    @staticmethod
    def _listed(one: Json) -> Json:
        return {**one, "Names": [one["Name"]], "State": one["State"]["Status"]}

    def _change(self, method: str, path: str, body: Json) -> tuple[int, t.Any]:
        _root, kind, name, *verb = map(unquote, path.split("/"))
        if path == "/networks/create":
            return self._create(body)
        if kind == "containers":
            self.containers[name]["State"].update(Running=verb == ["start"])
            return 204, {}
        if name not in self.networks:
            return 404, {"message": f"network {name} not found"}
        if method == "DELETE":
            return self._remove(name)
        return self._connect(name, body) if verb == ["connect"] else self._disconnect(name, body)

    def _create(self, body: Json) -> tuple[int, t.Any]:
        if body["Name"] in self.networks:
            return 409, {"message": f"network with name {body['Name']} already exists"}
        self.made += 1
        config = body["IPAM"].get("Config") or []
        if not any(":" not in one["Subnet"] for one in config):
            used = json.dumps([one["IPAM"] for one in self.networks.values()])
            config = [{"Subnet": next(one for one in FREE if one not in used)}, *config]
        kept = {name: value for name, value in body.items() if name != "CheckDuplicate"}
        self.networks[body["Name"]] = {
            "Id": f"{self.made:064}",
            **kept,
            "IPAM": {"Driver": "default", "Options": {}, "Config": config},
        }
        return 201, {}

    def _remove(self, name: str) -> tuple[int, t.Any]:
        if any(name in one["NetworkSettings"]["Networks"] for one in self.containers.values()):
            return 403, {"message": f"network {name} has active endpoints"}
        del self.networks[name]
        return 204, {}

    def _connect(self, name: str, body: Json) -> tuple[int, t.Any]:
        container, settings = self.containers[body["Container"]], body.get("EndpointConfig") or {}
        places, network = container["NetworkSettings"]["Networks"], self.networks[name]
        ipam = settings.get("IPAMConfig") or {}
        if name in places:
            return 403, {"message": "endpoint with that name already exists in network"}
        if self.strict and ipam.get("IPv6Address") and not network["EnableIPv6"]:
            return 400, {"message": f"no configured subnet contains IP address {ipam['IPv6Address']}"}
        running = container["State"]["Running"]
        four, six = (self._address(network, version, ipam) for version in (4, 6))
        kept = {one: settings[one] for one in ("Aliases", "Links", "DriverOpts", "GwPriority") if settings.get(one)}
        places[name] = {
            "IPAMConfig": ipam,
            **kept,
            "IPAddress": four if running else "",
            "GlobalIPv6Address": six if running and network["EnableIPv6"] else "",
        }
        return 200, {}

    def _address(self, network: Json, version: int, ipam: Json) -> str:
        given = ipam.get(f"IPv{version}Address")
        subnets = [ipaddress.ip_network(one["Subnet"]) for one in network["IPAM"]["Config"]]
        subnet = next((one for one in subnets if one.version == version), None)
        if given or subnet is None:
            return str(given or "")
        key = "IPAddress" if version == 4 else "GlobalIPv6Address"
        others = (one["NetworkSettings"]["Networks"].get(network["Name"], {}) for one in self.containers.values())
        used = {one.get(key) for one in others}
        return next(str(subnet[number]) for number in range(2, 200) if str(subnet[number]) not in used)

    def _disconnect(self, name: str, body: Json) -> tuple[int, t.Any]:
        places = self.containers[body["Container"]]["NetworkSettings"]["Networks"]
        if name not in places:
            return 403, {"message": f"container is not connected to network {name}"}
        del places[name]
        return 200, {}


@contextlib.contextmanager
def served(engine: Engine, path: str) -> t.Iterator[None]:
    """The engine behind a unix socket."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def handle_one(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length) or b"{}")
            status, said = engine.answer(self.command, self.path, body)
            if not status:
                self.connection.shutdown(socket.SHUT_RDWR)
                return
            text = b"" if status == http.HTTPStatus.NO_CONTENT else json.dumps(said).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            if text:
                self.wfile.write(text)

        do_GET = do_POST = do_DELETE = handle_one

        def address_string(self) -> str:
            return "client"

        def log_message(self, *arguments: t.Any) -> None:
            """Nothing."""

    class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
        daemon_threads = True

    with Server(path, Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join()
