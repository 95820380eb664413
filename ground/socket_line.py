"""A client's way to a server over ZeroMQ.  Event-driven: it polls its sockets, and never sleeps."""

from __future__ import annotations

import os
import socket
import time

import zmq

from ground.protocol import (
    ANSWER_WITHIN_S,
    NS,
    Line,
    NoServerError,
    Plain,
    ProtocolError,
    Topic,
    Update,
    UsageError,
    decode,
    encode,
)

PING_EVERY_NS = 10 * NS  # a sign of life, and a look whether the server is still there
UPDATES_HELD = 20_000


class SocketLine(Line):
    """One client of one server.  NoServerError if nobody answers at `address`."""

    def __init__(self, address: str, name: str, topics: tuple[Topic, ...] = tuple(Topic)) -> None:
        self.address, self.name = address, name
        self.origin = f"{socket.gethostname()}:{os.getpid()}"
        self.context = zmq.Context()
        self.asks = self.context.socket(zmq.DEALER)
        self.hears = self.context.socket(zmq.SUB)
        for one in (self.asks, self.hears):
            one.setsockopt(zmq.LINGER, 0)
        self.hears.setsockopt(zmq.RCVHWM, UPDATES_HELD)
        self.session = b""
        self.lost = False  # updates are missing: what is known of commands must be asked anew
        self._request_id = 0
        self._serials: dict[Topic, int] = {}
        self._waiting: list[Update] = []
        self._ground_ns = self._real_ns = self._heard_ns = 0
        self._speed = 1.0
        try:
            self._begin(topics)
        except BaseException:
            self.close()
            raise

    def _begin(self, topics: tuple[Topic, ...]) -> None:
        try:
            self.asks.connect(self.address)
        except zmq.ZMQError:
            raise UsageError(f"{self.address!r} is no address: expected tcp://HOST:PORT") from None
        found = self.request({"do": "hello"})
        self.hears.connect(str(found["updates"]))
        for topic in topics:
            self.hears.subscribe(topic.value)
        self.hears.subscribe(f"{Topic.WELCOME.value}.{os.urandom(8).hex()}")
        while not self.session:
            if not self.hears.poll(int(ANSWER_WITHIN_S * 1000)):
                raise NoServerError(f"{found['updates']}: no updates come from there")
            self._hear()

    # ---------------------------------------------------------------- asking

    def request(self, message: Plain, within_s: float | None = None) -> Plain:
        self._request_id += 1
        whole = {**message, "id": self._request_id, "name": self.name, "from": self.origin}
        self.asks.send(encode(whole))
        give_up = time.monotonic_ns() + int((ANSWER_WITHIN_S if within_s is None else within_s) * NS)
        while (left := give_up - time.monotonic_ns()) > 0:
            if not self.asks.poll(-(-left // 1_000_000)):
                break
            reply = decode(self.asks.recv())
            if reply.get("id") == self._request_id:
                self._set_clock(reply)
                return reply
        raise NoServerError(f"no answer from the ground at {self.address}")

    def _set_clock(self, reply: Plain) -> None:
        self._heard_ns = time.monotonic_ns()
        ground_ns, speed = reply.get("ground_ns"), reply.get("speed")
        if isinstance(ground_ns, int) and isinstance(speed, float):
            self._ground_ns, self._real_ns, self._speed = ground_ns, self._heard_ns, speed

    def now_ns(self) -> int:
        return self._ground_ns + int((time.monotonic_ns() - self._real_ns) * self._speed)

    # ---------------------------------------------------------------- hearing

    def wait(self, until_ns: int) -> None:
        """Until an update comes; in between the server hears that we are still there, and we that it is."""
        while not self._waiting:
            left_ns = int((until_ns - self.now_ns()) / self._speed)
            if left_ns <= 0:
                self.request({"do": "ping"})  # its clock counts, not what we think that it shows
                if self.now_ns() >= until_ns:
                    return
                continue
            ping_ns = self._heard_ns + PING_EVERY_NS - time.monotonic_ns()
            if ping_ns <= 0:
                self.request({"do": "ping"})
                continue
            if self.hears.poll(-(-min(left_ns, ping_ns) // 1_000_000)):
                self._hear()

    def updates(self) -> list[Update]:
        self._hear()
        found, self._waiting = self._waiting, []
        return found

    def _hear(self) -> None:
        while True:
            try:
                topic, octets = self.hears.recv_multipart(zmq.NOBLOCK)
            except zmq.Again:
                return
            self._take(topic.decode(errors="replace"), decode(octets))

    def _take(self, topic: str, heard: Plain) -> None:
        session = heard.get("session")
        if not isinstance(session, bytes):
            raise ProtocolError("an update without a session")
        if session != self.session:
            self.lost = bool(self.session)  # another server: what the old one still said is gone
            self.session = session
            self._serials.clear()
        if topic.startswith(Topic.WELCOME.value):
            return
        serial, body = heard.get("serial"), heard.get("body")
        if not isinstance(serial, int) or not isinstance(body, dict):
            raise ProtocolError("an update without serial and body")
        update = Update(Topic(topic), serial, body)
        expected = self._serials.get(update.topic, serial - 1) + 1
        self.lost = self.lost or serial != expected
        self._serials[update.topic] = serial
        self._waiting.append(update)

    def fly(self, seconds: float) -> None:
        raise UsageError("time passes by itself here: only a simulation can be flown")

    def close(self) -> None:
        self.context.destroy(0)
