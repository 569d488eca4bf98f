"""A proxy in front of AWS that counts calls and can end the caller at one of them."""
import http.client
import os
import signal
import threading
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from support.processes import LOOPBACK

# Headers that are of one connection, and the one that forward writes anew.
NOT_HANDED_ON = {"connection", "keep-alive", "transfer-encoding", "content-length"}


class CountingProxy:
    """Hands calls of DynamoDB to one server and all others to another, headers as they came, so
    that signatures hold."""

    def __init__(self, aws_url, dynamodb_url):
        self.calls = []  # what was called, in the order of arrival
        self._aws, self._dynamodb = (urllib.parse.urlsplit(u).netloc
                                     for u in (aws_url, dynamodb_url))
        self._lock = threading.Lock()
        self._victim = None  # (pid, number of the call, whether the call is made all the same)
        proxy = self

        class Bound(_Handler):
            owner = proxy

        self._server = ThreadingHTTPServer((LOOPBACK, 0), Bound)
        self._server.daemon_threads = True
        self.url = f"http://{LOOPBACK}:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()

    def kill_at(self, pid, number, made):
        """The process gets SIGKILL at the call of that number from now (1 is the next): before the
        call reaches AWS or, `made`, when AWS has answered and the answer has not come back."""
        with self._lock:
            self._victim = (pid, len(self.calls) + number, made)

    def count(self, what):
        """Notes a call; pid and `made` when the caller is to end at it."""
        with self._lock:
            self.calls.append(what)
            if self._victim is None or len(self.calls) != self._victim[1]:
                return None
            pid, _, made = self._victim
            self._victim = None
            return pid, made

    def send(self, method, path, headers, body):
        """Makes the call: status, headers, body."""
        netloc = self._dynamodb if "x-amz-target" in headers else self._aws
        return forward(netloc, method, path, headers, body)

    def close(self):
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def forward(netloc, method, path, headers, body):
    connection = http.client.HTTPConnection(netloc, timeout=30)
    try:
        connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
        for name, value in headers.items():
            if name.lower() not in NOT_HANDED_ON:
                connection.putheader(name, value)
        connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body)
        answer = connection.getresponse()
        return answer.status, answer.getheaders(), answer.read()
    finally:
        connection.close()


def name_of(method, headers, body):
    """DynamoDB's and SNS's name of a call, else the method."""
    if "x-amz-target" in headers:
        return headers["x-amz-target"].rpartition(".")[2]
    form = urllib.parse.parse_qs(body.decode(errors="replace")) if method == "POST" else {}
    return form.get("Action", [method])[0]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *_):
        pass

    def handle_one_request(self):
        try:
            super().handle_one_request()
        except ConnectionError:  # the caller has ended, at this or another of its calls
            self.close_connection = True

    def serve(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        victim = self.owner.count(name_of(self.command, self.headers, body))
        if victim and not victim[1]:
            return self.end(victim[0])
        status, headers, answer = self.owner.send(self.command, self.path, self.headers, body)
        if victim:
            return self.end(victim[0])
        self.send_response_only(status)
        for name, value in headers:
            if name.lower() not in NOT_HANDED_ON:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    do_GET = do_PUT = do_POST = serve

    def end(self, pid):
        os.kill(pid, signal.SIGKILL)
        self.close_connection = True
