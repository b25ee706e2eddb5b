"""A load generator: keep-alive connections that each send the next request as soon as the last is answered.

One thread around epoll, because on a machine of two cores whatever the generator burns is missing elsewhere.
"""

import select
import socket
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

BLOCK = 65536


@dataclass
class Result:
    """What one run saw: answers by status, and each answer's latency in seconds."""

    seconds: float = 0.0
    statuses: dict[int, int] = field(default_factory=dict)
    latencies: list[float] = field(default_factory=list)

    @property
    def rate(self) -> float:
        """Answers with status 200 or 202 a second."""
        return (self.statuses.get(200, 0) + self.statuses.get(202, 0)) / self.seconds

    def percentile(self, share: float) -> float:
        """The latency, in milliseconds, that the given share of the answers did not exceed."""
        ordered = sorted(self.latencies)
        return ordered[min(int(len(ordered) * share), len(ordered) - 1)] * 1000


class _Connection:
    __slots__ = ("buffer", "length", "sent_at", "socket")

    def __init__(self, address: tuple[str, int]) -> None:
        self.socket = socket.create_connection(address)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.setblocking(False)
        self.buffer = b""
        self.length = -1
        self.sent_at = 0.0


def request(method: str, path: str, headers: dict[str, str], body: bytes = b"") -> bytes:
    """Return the bytes of one request."""
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    if body:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def paced(
    address: tuple[str, int], requests: Iterator[bytes], *, connections: int, seconds: float, rate: float
) -> Result:
    """Send `rate` requests a second, evenly, for a time; latencies count from when a request was due, sent or not."""
    result = Result()
    poll = select.epoll()
    busy: dict[int, _Connection] = {}
    free = deque(_Connection(address) for _ in range(connections))
    clock = time.perf_counter
    started = clock()
    due = started
    while True:
        now = clock()
        while free and due <= min(now, started + seconds):
            connection = free.popleft()
            if not _send(connection, requests, due):
                seconds = 0
                free.append(connection)
                break
            busy[connection.socket.fileno()] = connection
            poll.register(connection.socket, select.EPOLLIN)
            due += 1 / rate
        if not busy and due > started + seconds:
            break
        for descriptor, _ in poll.poll(max(due - clock(), 0) if free else None):
            connection = busy[descriptor]
            if status := _receive(connection):
                result.statuses[status] = result.statuses.get(status, 0) + 1
                result.latencies.append(clock() - connection.sent_at)
                poll.unregister(busy.pop(descriptor).socket)
                free.append(connection)
    result.seconds = clock() - started
    for connection in free:
        connection.socket.close()
    return result


def run(address: tuple[str, int], requests: Iterator[bytes], *, connections: int, seconds: float) -> Result:
    """Send requests for a time, then wait for the answers still under way; stops early when the requests run out."""
    result = Result()
    poll = select.epoll()
    open_connections = {}
    clock = time.perf_counter
    for _ in range(connections):
        connection = _Connection(address)
        open_connections[connection.socket.fileno()] = connection
        poll.register(connection.socket, select.EPOLLIN)
    started = clock()
    deadline = started + seconds
    busy = sum(_send(connection, requests, clock()) for connection in open_connections.values())
    while busy:
        for descriptor, _ in poll.poll(10):
            connection = open_connections[descriptor]
            status = _receive(connection)
            if not status:
                continue
            now = clock()
            result.statuses[status] = result.statuses.get(status, 0) + 1
            result.latencies.append(now - connection.sent_at)
            if now >= deadline or not _send(connection, requests, now):
                busy -= 1
    result.seconds = clock() - started
    for connection in open_connections.values():
        connection.socket.close()
    return result


def _send(connection: _Connection, requests: Iterator[bytes], now: float) -> bool:
    data = next(requests, None)
    if data is None:
        return False
    connection.sent_at = now
    connection.buffer = b""
    connection.socket.send(data)
    return True


def _receive(connection: _Connection) -> int:
    """Return the status once the whole answer is there, else 0."""
    block = connection.socket.recv(BLOCK)
    if not block:
        raise ConnectionError("the server closed a connection")
    data = connection.buffer = connection.buffer + block if connection.buffer else block
    end = data.find(b"\r\n\r\n")
    if end < 0:
        return 0
    start = data.find(b"ontent-length: ", 0, end)
    length = int(data[start + 15 : data.find(b"\r\n", start)]) if start > 0 else 0
    return int(data[9:12]) if len(data) >= end + 4 + length else 0
