"""An HTTP proxy in front of one server, on which calls fail as they do in a network: refused before
they arrive, or carried out with an answer that is lost. Each body fails at most MOST times, fewer
than a client tries."""
import hashlib
import http.client
import random
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from support.processes import LOOPBACK

MOST = 3
THROTTLED = (400, b'{"__type":"com.amazonaws.dynamodb.v20120810#'
                  b'ProvisionedThroughputExceededException","message":"slower"}')
BROKEN = (500, b'{"__type":"com.amazonaws.dynamodb.v20120810#InternalServerError"}')


class UnrulyProxy:
    """answers_lost: half of the failures happen after the call was carried out."""

    def __init__(self, port, share, answers_lost=False, seed=1):
        self.to, self.share, self.answers_lost = port, share, answers_lost
        self.random, self.failed, self.calls = random.Random(seed), {}, 0
        self.connections, self.at_once, self.most_at_once = 0, 0, 0
        self.lock = threading.Lock()
        self.server = ThreadingHTTPServer((LOOPBACK, 0), Handler)
        self.server.daemon_threads = True
        self.server.proxy = self
        self.url = f"http://{LOOPBACK}:{self.server.server_address[1]}"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,))
        self.thread.start()

    @property
    def failures(self):
        return sum(self.failed.values())

    def fails(self, body):
        """None, "refuse", "break", "lose" or "cut"."""
        with self.lock:
            self.calls += 1
            name = hashlib.sha256(body).digest()
            if self.failed.get(name, 0) >= MOST or self.random.random() >= self.share:
                return None
            self.failed[name] = self.failed.get(name, 0) + 1
            kinds = ["refuse", "break"] + (["lose", "cut"] if self.answers_lost else [])
            return self.random.choice(kinds)

    def close(self):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def setup(self):
        super().setup()
        self.behind = http.client.HTTPConnection(LOOPBACK, self.server.proxy.to, timeout=30)
        with self.server.proxy.lock:
            self.server.proxy.connections += 1

    def finish(self):
        self.behind.close()
        super().finish()

    def answer(self, status, body):
        self.send_response(status)
        self.send_header("Content-Type", "application/x-amz-json-1.0")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def forward(self, body):
        headers = {k: v for k, v in self.headers.items() if k.lower() not in ("connection",)}
        self.behind.request("POST", self.path, body, headers)
        got = self.behind.getresponse()
        return got.status, got.read()

    def do_POST(self):
        proxy = self.server.proxy
        body = self.rfile.read(int(self.headers["Content-Length"]))
        with proxy.lock:
            proxy.at_once += 1
            proxy.most_at_once = max(proxy.most_at_once, proxy.at_once)
        try:
            self.serve(body, proxy.fails(body))
        finally:
            with proxy.lock:
                proxy.at_once -= 1

    def serve(self, body, failure):
        if failure == "refuse":
            return self.answer(*THROTTLED)
        if failure == "break":
            return self.answer(*BROKEN)
        status, answer = self.forward(body)
        if failure == "lose":
            return self.answer(*BROKEN)
        if failure == "cut":
            self.close_connection = True
            return None
        return self.answer(status, answer)
