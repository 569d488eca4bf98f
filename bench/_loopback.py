"""Servers on loopback that answer at once: what is measured is the program, not them."""
import json
import socket
import threading
from dataclasses import dataclass


@dataclass
class Request:
    method: str
    path: str
    headers: dict
    body: bytes


def reply(body=b"", status="200 OK", content_type="application/json", **headers):
    lines = [f"HTTP/1.1 {status}", f"Content-Type: {content_type}", f"Content-Length: {len(body)}",
             *(f"{name.replace('_', '-')}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode() + body


def empty_table(request):
    """DynamoDB's answer: nothing is there yet, and every write succeeds."""
    action = request.headers["x-amz-target"].partition(".")[2]
    answer = {"Query": {"Items": [], "Count": 0, "ScannedCount": 0}}.get(action, {})
    return reply(json.dumps(answer).encode(), content_type="application/x-amz-json-1.0")


def published():
    """SNS' answer."""
    return reply(b"<PublishResponse><PublishResult><MessageId>m</MessageId></PublishResult>"
                 b"</PublishResponse>", content_type="text/xml")


def _read(stream):
    """One request, or None at the end."""
    first = stream.readline()
    if not first:
        return None
    method, path, _ = first.decode().split(" ", 2)
    headers = {}
    while (line := stream.readline()) not in (b"\r\n", b""):
        name, _, value = line.decode().partition(":")
        headers[name.lower()] = value.strip()
    if "chunked" in headers.get("transfer-encoding", ""):
        body = b""
        while size := int(stream.readline(), 16):
            body += stream.read(size)
            stream.readline()
        stream.readline()
    else:
        body = stream.read(int(headers.get("content-length", 0)))
    return Request(method, path, headers, body)


class Loopback:
    """answer: what a Request gets, as bytes of HTTP; None hangs up. It is called from one thread for
    each connection. tls: an ssl.SSLContext to speak HTTPS with."""

    def __init__(self, answer, tls=None):
        self._answer, self._tls = answer, tls
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self.url = f"{'https' if tls else 'http'}://{self.address}"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            if self._tls:
                connection = self._tls.wrap_socket(connection, server_side=True)
            with connection, connection.makefile("rb") as stream:
                while request := _read(stream):
                    answer = self._answer(request)
                    if answer is None:
                        return
                    connection.sendall(answer)
        except OSError:
            pass  # the program has ended

    def close(self):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
