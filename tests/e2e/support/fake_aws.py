"""S3 and SNS that misbehave on purpose, which moto cannot: slow, broken in the middle, refusing;
and that keep each publish as it came, with the parts that no queue gets to see. Signatures are not
checked here; moto and the strict server do that.
"""
import collections
import hashlib
import threading
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from support.processes import LOOPBACK

PIECE = 64 * 1024
AWAIT_S = 5  # more than anybody who is going to ask takes


class FakeAws:
    """tls: an ssl.SSLContext to speak HTTPS with."""

    def __init__(self, tls=None):
        self.objects = {}  # "/bucket/key" -> bytes
        self.published = []  # forms, as dicts
        self.reads = []  # (path, Range header or None)
        self.traces = []  # of each request: (X-Amzn-Trace-Id or None, the headers that are signed)
        self.pause_s = {}  # path -> seconds before each piece
        self.cut_at = {}  # path -> bytes after which the connection breaks, once
        self.await_of = {}  # path -> the path that must be asked for before its last byte is sent
        self.asked = collections.defaultdict(threading.Event)  # path -> somebody has
        self.reads_at_end = {}  # path -> the reads when that last byte was sent
        self.answers = {}  # path -> statuses of the next requests for it
        self.refuse = []  # statuses for the next requests, whatever they are
        self.refuse_topics = set()  # ARNs that nothing may be published to
        self.closing = threading.Event()
        fake = self

        class Bound(_Handler):
            aws = fake

        self._server = ThreadingHTTPServer((LOOPBACK, 0), Bound)
        self._server.daemon_threads = True
        self.port = self._server.server_port
        self.url = f"{'https' if tls else 'http'}://{LOOPBACK}:{self.port}"
        if tls:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()

    def put(self, bucket, key, body):
        self.objects[f"/{bucket}/{key}"] = body
        return f"s3://{bucket}/{key}"

    def close(self):
        self.closing.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *_):
        pass

    def answer(self, status, body=b"", content_type="text/xml", **headers):
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def refused(self):
        signed = self.headers["Authorization"].partition("SignedHeaders=")[2].partition(",")[0]
        self.aws.traces.append((self.headers["X-Amzn-Trace-Id"], signed.split(";")))
        if not self.aws.refuse:
            return False
        status = self.aws.refuse.pop(0)
        self.answer(status, b"<Error><Code>SlowDown</Code><Message>scripted</Message></Error>")
        return True

    def do_GET(self):
        path = urllib.parse.unquote(self.path.partition("?")[0])
        wanted = self.headers.get("Range")
        self.aws.reads.append((path, wanted))
        self.aws.asked[path].set()
        if self.refused():
            return
        if self.aws.answers.get(path):
            return self.answer(self.aws.answers[path].pop(0), b"<Error><Code>Scripted</Code></Error>")
        body = self.aws.objects.get(path)
        if body is None:
            return self.answer(404, b"<Error><Code>NoSuchKey</Code><Message>no</Message></Error>")
        etag = '"%s"' % hashlib.md5(body).hexdigest()
        start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted else 0
        if wanted and self.headers.get("If-Match") != etag:
            return self.answer(412, b"<Error><Code>PreconditionFailed</Code></Error>")
        self.send_response(206 if wanted else 200)
        self.send_header("ETag", etag)
        self.send_header("Content-Length", str(len(body) - start))
        if wanted:
            self.send_header("Content-Range", f"bytes {start}-{len(body) - 1}/{len(body)}")
        self.end_headers()
        self.send_body(path, body, start)

    def send_body(self, path, body, start):
        cut = self.aws.cut_at.pop(path, None)
        other = self.aws.await_of.get(path) if cut is None else None
        end = len(body) - 1 if other else len(body) if cut is None else cut
        try:
            for at in range(start, end, PIECE):
                if self.aws.closing.wait(self.aws.pause_s.get(path, 0)):
                    break
                self.wfile.write(body[at:min(at + PIECE, end)])
                self.wfile.flush()
            if other and self.aws.asked[other].wait(AWAIT_S):
                self.aws.reads_at_end[path] = [p for p, _ in self.aws.reads]
                self.wfile.write(body[end:])
                end = len(body)
        except OSError:
            pass  # the reader had enough
        if end < len(body) or self.aws.closing.is_set():
            self.close_connection = True

    def do_POST(self):
        form = dict(urllib.parse.parse_qsl(
            self.rfile.read(int(self.headers["Content-Length"])).decode()))
        if self.refused():
            return
        if form["TopicArn"] in self.aws.refuse_topics:
            self.answer(403, b"<ErrorResponse><Error><Code>AuthorizationError</Code>"
                             b"<Message>scripted</Message></Error></ErrorResponse>")
            return
        self.aws.published.append(form)
        self.answer(200, b"<PublishResponse><PublishResult><MessageId>m-%d</MessageId>"
                         b"</PublishResult></PublishResponse>" % len(self.aws.published))
