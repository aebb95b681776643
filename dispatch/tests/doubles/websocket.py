"""A WebSocket client (RFC 6455) of the standard library's parts, for one thread.

Pings are answered only while `receive` waits: a program that blocks elsewhere answers none, as the agents in the field.
"""

import base64
import hashlib
import os
import select
import socket
import struct
import time
from urllib.parse import urlsplit

GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
TEXT, BINARY, CLOSE, PING, PONG = 0x1, 0x2, 0x8, 0x9, 0xA


class Closed(Exception):
    """The connection is over; with the close code where there was one."""

    def __init__(self, code=None, reason=""):
        super().__init__(f"closed: {code} {reason}")
        self.code, self.reason = code, reason


class WebSocket:
    def __init__(self, url, timeout=10):
        parts = urlsplit(url)
        port = parts.port or 80
        self.sock = socket.create_connection((parts.hostname, port), timeout=timeout)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = b""
        key = base64.b64encode(os.urandom(16)).decode()
        path = parts.path or "/"
        request = (
            f"GET {path} HTTP/1.1\r\nHost: {parts.hostname}:{port}\r\nUpgrade: websocket\r\n"
            f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n"
        )
        self.sock.sendall(request.encode())
        while b"\r\n\r\n" not in self.buffer:
            self._read(time.monotonic() + timeout)
        head, self.buffer = self.buffer.split(b"\r\n\r\n", 1)
        lines = head.decode("latin-1").split("\r\n")
        if " 101 " not in lines[0] + " ":
            raise Closed(None, lines[0])
        headers = {name.lower(): value.strip() for name, value in (line.split(":", 1) for line in lines[1:])}
        expected = base64.b64encode(hashlib.sha1((key + GUID).encode()).digest()).decode()
        if headers.get("sec-websocket-accept") != expected:
            raise Closed(None, "wrong Sec-WebSocket-Accept")

    def _read(self, until):
        left = None if until is None else max(0.0, until - time.monotonic())
        ready, _, _ = select.select([self.sock], [], [], left)
        if not ready:
            raise TimeoutError
        more = self.sock.recv(65536)
        if not more:
            raise Closed()
        self.buffer += more

    def _exactly(self, count, until):
        while len(self.buffer) < count:
            self._read(until)

    def _frame(self, until):
        """One whole frame, or nothing taken from the buffer."""
        self._exactly(2, until)
        length, at = self.buffer[1] & 0x7F, 2
        if length == 126:
            self._exactly(4, until)
            length, at = struct.unpack(">H", self.buffer[2:4])[0], 4
        elif length == 127:
            self._exactly(10, until)
            length, at = struct.unpack(">Q", self.buffer[2:10])[0], 10
        self._exactly(at + length, until)
        first, payload = self.buffer[0], self.buffer[at : at + length]
        self.buffer = self.buffer[at + length :]
        return first & 0x80, first & 0x0F, payload

    def receive(self, timeout=None):
        """The next text; TimeoutError when none comes in time, Closed at the end."""
        until = None if timeout is None else time.monotonic() + timeout
        whole = b""
        while True:
            final, opcode, payload = self._frame(until)
            if opcode == PING:
                self._send(PONG, payload)
            elif opcode == CLOSE:
                code = struct.unpack(">H", payload[:2])[0] if len(payload) >= 2 else None
                raise Closed(code, payload[2:].decode("utf-8", "replace"))
            elif opcode != PONG:
                whole += payload
                if final:
                    return whole.decode()

    def _send(self, opcode, payload):
        mask = os.urandom(4)
        length = len(payload)
        if length < 126:
            head = struct.pack(">BB", 0x80 | opcode, 0x80 | length)
        elif length < 65536:
            head = struct.pack(">BBH", 0x80 | opcode, 0x80 | 126, length)
        else:
            head = struct.pack(">BBQ", 0x80 | opcode, 0x80 | 127, length)
        masked = bytes(byte ^ mask[n % 4] for n, byte in enumerate(payload))
        try:
            self.sock.sendall(head + mask + masked)
        except OSError as error:
            raise Closed(None, str(error)) from error

    def send(self, text, binary=False):
        self._send(BINARY if binary else TEXT, text.encode())

    def ping(self):
        self._send(PING, b"")

    def close(self):
        """Ends it properly."""
        try:
            self._send(CLOSE, struct.pack(">H", 1000))
        except Closed:
            pass
        self.sock.close()

    def cut(self):
        """Ends it without a word, as a broken network does."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()
