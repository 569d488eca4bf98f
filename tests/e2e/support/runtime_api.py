"""A Lambda Runtime API (2018-06-01) that is as strict as Lambda's own and remembers everything.

The states are those of Lambda's emulator: a runtime begins by asking for work or by reporting a
failed init; it gets one invocation at a time and must answer it before it asks again. Whatever a
runtime does that the contract does not allow is answered as Lambda would and noted in `violations`.
"""
import json
import re
import socket
import threading
import time
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from support.processes import LOOPBACK

PREFIX = "/2018-06-01/runtime"
RESPONSE_MAX = 6 * 1024 * 1024 + 100  # bytes; Lambda's limit of a synchronous answer
ERROR_TYPE = re.compile(r"(Runtime|Function)\.[A-Z][a-zA-Z]+")
ARN = "arn:aws:lambda:eu-west-1:123456789012:function:trailwarden"


class Invocation:
    """One event, and what was answered."""

    def __init__(self, payload, deadline_s, headers):
        self.id = str(uuid.uuid4())
        self.body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        self.deadline_ms = None if deadline_s is None else int((time.time() + deadline_s) * 1000)
        self.headers = headers
        self.taken, self.done = threading.Event(), threading.Event()
        self.kind = None  # "response" or "error"
        self.answer = None  # parsed JSON
        self.error_type = None  # of the header
        self.answered_at = None
        self.refuse_with = None  # (status, error type) to answer the response with

    def __repr__(self):
        return f"<{self.kind} {self.error_type or ''} {self.answer}>"

    @property
    def ok(self):
        return self.kind == "response"

    def wait(self, seconds=20):
        assert self.done.wait(seconds), f"invocation {self.id} was not answered in {seconds} s"
        return self


class RuntimeApi:
    def __init__(self):
        self.violations = []
        self.init_error = None  # (error type, parsed body)
        self.requests = []  # "METHOD path", in order
        self.next_fault = None  # a status for the GET of /next after this one
        self.connections = 0  # ever opened
        self._lock = threading.Condition()
        self._queue, self._current, self._ready = [], None, False
        self._asking = False  # a GET of /next stands open
        self._answered, self._open = {}, True
        self._connections = set()
        api = self

        class Bound(_Handler):
            def __init__(self, *args):
                self.api = api
                super().__init__(*args)

        self._server = ThreadingHTTPServer((LOOPBACK, 0), Bound)
        self._server.daemon_threads = True
        self.address = f"{LOOPBACK}:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()

    def submit(self, payload, deadline_s=30, refuse_with=None, **headers):
        """Queues an event. headers: lambda_runtime_trace_id="..." and the like."""
        invocation = Invocation(payload, deadline_s, {
            name.replace("_", "-"): value for name, value in headers.items()})
        invocation.refuse_with = refuse_with
        with self._lock:
            self._queue.append(invocation)
            self._lock.notify_all()
        return invocation

    def invoke(self, payload, deadline_s=30, **more):
        return self.submit(payload, deadline_s, **more).wait()

    @property
    def waiting(self):
        """Whether the runtime stands in /next with nothing to do."""
        with self._lock:
            return self._asking and not self._queue

    def answers(self):
        """Every body that the runtime has sent."""
        with self._lock:
            return [self.init_error, *(x.answer for x in self._answered.values())]

    def close(self):
        """Gone, as far as a runtime can tell: no listener, open connections cut."""
        with self._lock:
            if not self._open:
                return
            self._open = False
            self._lock.notify_all()
            for connection in self._connections:
                try:
                    connection.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    # ---- called by the handler --------------------------------------------------------------

    def note(self, sentence):
        self.violations.append(sentence)

    def take_next(self):
        """The next invocation; a status to refuse with; None when closed."""
        with self._lock:
            if self.next_fault:
                status, self.next_fault = self.next_fault, None
                return status
            if self._current or self.init_error:
                self.note("GET /next before the last invocation was answered")
                return 403
            self._ready = True
            self._asking = True
            while self._open and not self._queue:
                self._lock.wait()
            self._asking = False
            if not self._open:
                return None
            self._current = self._queue.pop(0)
            self._current.taken.set()
            return self._current

    def finish(self, request_id, kind, body, headers):
        """(status, error type) for an answer to an invocation."""
        with self._lock:
            current = self._current
            if request_id in self._answered:
                self.note(f"a second answer to {request_id}")
                return 403, "InvalidStateTransition"
            if current is None or current.id != request_id:
                self.note(f"an answer to {request_id}, which is not being served")
                return 400, "InvalidRequestID"
            echo = current.headers.get("lambda-runtime-invocation-id")
            if headers.get("Lambda-Runtime-Invocation-Id") != echo:
                self.note("Lambda-Runtime-Invocation-Id was not echoed")
            status = 202, None
            if kind == "response" and len(body) > RESPONSE_MAX:
                status = 413, "RequestEntityTooLarge"
            elif kind == "response" and current.refuse_with:
                status = current.refuse_with
            current.kind, current.answered_at = kind, time.time()
            current.error_type = headers.get("Lambda-Runtime-Function-Error-Type")
            current.answer = self._parsed(body, kind)
            self._answered[request_id] = current
            self._current = None
            current.done.set()
            return status

    def fail_init(self, body, headers):
        with self._lock:
            if self._ready or self.init_error:
                self.note("an init error after /next or after another")
                return 403, "InvalidStateTransition"
            self.init_error = (headers.get("Lambda-Runtime-Function-Error-Type"),
                               self._parsed(body, "error"))
            return 202, None

    def _parsed(self, body, kind):
        try:
            value = json.loads(body)
        except ValueError:
            self.note(f"a {kind} that is not JSON: {body[:200]!r}")
            return None
        if kind == "error":
            self._check_error(value)
        return value

    def _check_error(self, value):
        trace = value.get("stackTrace", [])
        if not (isinstance(value.get("errorMessage"), str) and value["errorMessage"]
                and isinstance(value.get("errorType"), str)
                and isinstance(trace, list) and all(isinstance(x, str) for x in trace)):
            self.note(f"an error that is not in AWS's shape: {value}")


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = 65536
    disable_nagle_algorithm = True

    def log_message(self, *_):
        pass

    def setup(self):
        super().setup()
        with self.api._lock:
            self.api._connections.add(self.connection)
            self.api.connections += 1

    def finish(self):
        with self.api._lock:
            self.api._connections.discard(self.connection)
        try:
            super().finish()
        except OSError:
            pass  # the runtime went away

    def answer(self, status, body=b"", headers=()):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        try:
            self.wfile.write(body)
            self.wfile.flush()
        except OSError:
            self.close_connection = True

    def answer_status(self, status, error_type=None):
        body = {"status": "OK"} if error_type is None else {
            "errorMessage": error_type, "errorType": error_type}
        self.answer(status, json.dumps(body).encode(), [("Content-Type", "application/json")])

    def do_GET(self):
        self.api.requests.append(f"GET {self.path}")
        if self.path != PREFIX + "/invocation/next":
            self.api.note(f"GET {self.path}")
            return self.answer_status(404, "NotFound")
        if self.headers.get("Content-Length", "0") != "0" or "Transfer-Encoding" in self.headers:
            self.api.note("a body on GET /next")
        got = self.api.take_next()
        if got is None:
            self.close_connection = True
            return None
        if isinstance(got, int):
            return self.answer_status(got, "Scripted")
        headers = [("Content-Type", "application/json"),
                   ("Lambda-Runtime-Aws-Request-Id", got.id),
                   ("Lambda-Runtime-Invoked-Function-Arn", ARN), *got.headers.items()]
        if got.deadline_ms is not None:
            headers.append(("Lambda-Runtime-Deadline-Ms", str(got.deadline_ms)))
        return self.answer(200, got.body, headers)

    def do_POST(self):
        self.api.requests.append(f"POST {self.path}")
        if "Expect" in self.headers or "Content-Length" not in self.headers:
            self.api.note(f"Expect, or no Content-Length, on {self.path}")
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        parts = self.path.removeprefix(PREFIX).split("/")
        if parts == ["", "init", "error"]:
            self.check_error_headers()
            return self.answer_status(*self.api.fail_init(body, self.headers))
        if len(parts) == 4 and parts[1] == "invocation" and parts[3] in ("response", "error"):
            if parts[3] == "error":
                self.check_error_headers()
            return self.answer_status(
                *self.api.finish(parts[2], parts[3], body, self.headers))
        self.api.note(f"POST {self.path}")
        return self.answer_status(404, "NotFound")

    def check_error_headers(self):
        kind = self.headers.get("Lambda-Runtime-Function-Error-Type", "")
        if not ERROR_TYPE.fullmatch(kind):
            self.api.note(f"Lambda would not take the error type {kind!r}")
        if self.headers.get_content_type() != "application/json":
            self.api.note(f"an error as {self.headers.get_content_type()}")
