"""The server's two ZeroMQ sockets: ROUTER answers requests, XPUB carries updates and hears who listens."""

from __future__ import annotations

from collections.abc import Callable

import zmq

from ground.protocol import MESSAGE_LONGEST, Fault, Plain, ProtocolError, Topic, Update, decode, encode

REQUESTS_AT_ONCE = 64  # then the station's octets get their turn
UPDATES_WAITING = (
    20_000  # for a client that does not read: half a minute at the highest rate; then it loses, and knows
)
LINGER_MS = 200  # the last answers may still leave
SUBSCRIBED = 1


class ListenError(OSError):
    """The address cannot be had; one line says why."""


class Sockets:
    """Bound to `host`; port 0 takes a free one.  `session` tells clients one server from the next."""

    def __init__(self, host: str, port: int, updates_port: int = 0, session: bytes = b"") -> None:
        self.context = zmq.Context()
        self.session = session
        self.requests = self.context.socket(zmq.ROUTER)
        self.updates = self.context.socket(zmq.XPUB)
        for socket in (self.requests, self.updates):
            socket.setsockopt(zmq.LINGER, LINGER_MS)
            socket.setsockopt(zmq.MAXMSGSIZE, MESSAGE_LONGEST)
        self.updates.setsockopt(zmq.SNDHWM, UPDATES_WAITING)
        self.updates.setsockopt(zmq.XPUB_VERBOSE, 1)
        try:
            self.listen = _bind(self.requests, host, port)
            self.updates_at = _bind(self.updates, host, updates_port)
        except ListenError:
            self.close()
            raise

    def answer(self, serve: Callable[[Plain, str], Plain]) -> None:
        """Serve what has come, up to a number; `serve` is given the map and the sender's address."""
        for _ in range(REQUESTS_AT_ONCE):
            try:
                parts = self.requests.recv_multipart(zmq.NOBLOCK, copy=False)
            except zmq.Again:
                return
            if len(parts) != 2:
                continue  # no client of ours: it gets no answer
            identity, body = parts
            try:
                message = decode(body.bytes)
                reply = {**serve(message, _peer(body)), "id": message.get("id")}
            except ProtocolError as error:
                reply = {"error": str(error), "kind": Fault.USAGE.value, "id": None}
            self.requests.send_multipart([identity.bytes, encode(reply)])

    def welcome(self) -> None:
        """Tell each new subscriber on its own topic that its subscriptions hold: nothing after this is missed."""
        while True:
            try:
                heard = self.updates.recv(zmq.NOBLOCK)
            except zmq.Again:
                return
            if heard[:1] == bytes([SUBSCRIBED]) and heard[1:].startswith(Topic.WELCOME.value.encode()):
                self.updates.send_multipart([heard[1:], encode({"session": self.session})])

    def publish(self, update: Update) -> None:
        body = {"session": self.session, "serial": update.serial, "body": update.body}
        self.updates.send_multipart([update.topic.value.encode(), encode(body)])

    def close(self) -> None:
        self.context.destroy(LINGER_MS)


def _bind(socket: zmq.Socket[bytes], host: str, port: int) -> str:
    try:
        if port:
            socket.bind(f"tcp://{host}:{port}")
        else:
            port = socket.bind_to_random_port(f"tcp://{host}")
    except zmq.ZMQError as error:
        raise ListenError(f"cannot listen on {host}:{port}: {error.strerror}") from None
    return f"tcp://{host}:{port}"


def _peer(frame: zmq.Frame) -> str:
    try:
        return str(frame.get("Peer-Address"))
    except zmq.ZMQError:
        return "unknown"
