"""A small AWS on loopback that checks what moto does not: every part of a signature, the clock, the
region. It plays faults from a script and keeps a log of what it was asked.

It shares no code with the signer under test, nor with botocore.
"""
import calendar
import email.utils
import hashlib
import hmac
import json
import socket
import sys
import threading
import time
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from xml.sax.saxutils import escape

from support.processes import LOOPBACK

KEY, SECRET, TOKEN = "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "TOK/EN+=="
WINDOW_SECONDS = {"s3": 900}  # how far a clock may be off; every other service: 300
HOME_REGION = "eu-west-1"


class Refused(Exception):
    """status, code, message, further headers, further XML"""

    def __init__(self, status, code, message="", headers=(), more=""):
        super().__init__(status, code, message, dict(headers), more)


def quote(text, safe=""):
    return urllib.parse.quote(text, safe=safe + "-._~")


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def sign(secret, stamp, region, service, canonical):
    key = ("AWS4" + secret).encode()
    for part in (stamp[:8], region, service, "aws4_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    text = "\n".join(["AWS4-HMAC-SHA256", stamp, f"{stamp[:8]}/{region}/{service}/aws4_request",
                      sha256(canonical.encode())])
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


def canonical_request(method, target, headers, names, service, body_hash):
    path, _, query = target.partition("?")
    pairs = sorted(tuple(quote(urllib.parse.unquote(x)) for x in pair.partition("=")[::2])
                   for pair in query.split("&") if pair)
    return "\n".join([
        method, path if service == "s3" else quote(path, "/"),
        "&".join("=".join(p) for p in pairs),
        "".join(f"{n}:{' '.join(headers[n].split())}\n" for n in names), ";".join(names), body_hash])


class StrictAws:
    """keys: id -> (secret, token or None, ends at (seconds) or None). script: one entry is used up
    by each signed request: {"status", "code", "message", "headers"} answers so; {"close": True} not
    at all; {"cut": n} breaks off behind n bytes of the body; {"hang_up": True} answers, then closes
    the connection without having said so; {"delay": seconds}; {"then": function} runs first.
    scripts: the same for the requests of one path, apart from script."""

    def __init__(self, tls=None):
        self.keys = {KEY: (SECRET, None, None)}
        self.clock_offset = 0
        self.script, self.log = [], []
        self.connections = 0
        self.scripts = {}       # "/bucket/key" -> entries
        self.objects = {}       # (bucket, key) -> bytes
        self.regions = {}       # bucket -> where it lives, if not in HOME_REGION
        self.redirect = 301     # how a bucket elsewhere is answered: 301, 307, 400
        self.age = None         # an Age header on everything
        self.page = 1000        # keys a listing's page
        self.ignore_range = False
        self.etags = True
        self.unsigned = {}      # "METHOD path" -> function(headers, body) -> (status, text)
        handler = type("Handler", (Handler,), {"aws": self})
        self.server = Server((LOOPBACK, 0), handler)
        if tls:
            self.server.socket = tls.wrap_socket(self.server.socket, server_side=True)
        self.url = f"http{'s' if tls else ''}://{LOOPBACK}:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,))
        self.thread.start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    def now(self):
        return time.time() + self.clock_offset

    def asked(self):
        """The log since the last call."""
        log, self.log[:] = list(self.log), []
        return log

    def check(self, method, target, headers, body):
        """Service and region of a validly signed request; Refused otherwise."""
        authorization = headers.get("authorization", "")
        if not authorization.startswith("AWS4-HMAC-SHA256 "):
            raise Refused(403, "MissingAuthenticationToken")
        fields = dict(f.strip().split("=", 1) for f in authorization[17:].split(","))
        key_id, date, region, service, end = fields["Credential"].split("/")
        names = fields["SignedHeaders"].split(";")
        if key_id not in self.keys:
            raise Refused(403, "InvalidAccessKeyId" if service == "s3" else "InvalidClientTokenId")
        secret, token, ends = self.keys[key_id]
        if headers.get("x-amz-security-token") != token:
            raise Refused(403, "InvalidToken")
        self.check_form(headers, names, service, body)
        stamp = headers["x-amz-date"]
        if date != stamp[:8] or end != "aws4_request":
            raise Refused(403, "SignatureDoesNotMatch", "the scope's date is not x-amz-date's")
        sent = calendar.timegm(time.strptime(stamp, "%Y%m%dT%H%M%SZ"))
        if abs(self.now() - sent) > WINDOW_SECONDS.get(service, 300):
            raise Refused(403, "RequestTimeTooSkewed" if service == "s3"
                          else "SignatureDoesNotMatch", "Signature expired")
        body_hash = headers["x-amz-content-sha256"] if service == "s3" else sha256(body)
        canonical = canonical_request(method, target, headers, names, service, body_hash)
        if sign(secret, stamp, region, service, canonical) != fields["Signature"]:
            raise Refused(403, "SignatureDoesNotMatch",
                          "The request signature we calculated does not match.\n\n"
                          f"The Canonical String should have been\n'{canonical}'")
        if ends is not None and self.now() > ends:
            raise Refused(400, "ExpiredToken", "The security token has expired")
        return service, region

    @staticmethod
    def check_form(headers, names, service, body):
        must = {"host"} | {n for n in headers if n == "content-type" or n.startswith("x-amz-")}
        if names != sorted(names) or must - set(names) or set(names) - set(headers):
            raise Refused(403, "SignatureDoesNotMatch", "the signed headers are not those sent")
        shown = headers.get("x-amz-content-sha256")
        if (shown is None) == (service == "s3") or shown not in (None, sha256(body)):
            raise Refused(400, "XAmzContentSHA256Mismatch")

    def answer(self, method, target, headers, body, service, region):
        """(status, headers, body) of a call that is in order."""
        if service == "s3":
            return self.s3(target, headers, region)
        form = dict(urllib.parse.parse_qsl(body.decode(), keep_blank_values=True))
        if form["Action"] == "Publish":
            return 200, {}, "<PublishResponse><PublishResult><MessageId>m-1</MessageId>" \
                            "</PublishResult></PublishResponse>"
        assert form["Action"] == "AssumeRole"
        return 200, {}, self.role(form)

    def role(self, form):
        """A new session for whoever may ask, good for an hour."""
        key = f"ASIA{len(self.keys):016}"
        self.keys[key] = ("secret/of+" + key, "token+of/" + key, None)
        ends = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(self.now() + 3600))
        return (f"<{form['Action']}Response><{form['Action']}Result><Credentials>"
                f"<AccessKeyId>{key}</AccessKeyId><SecretAccessKey>{self.keys[key][0]}"
                f"</SecretAccessKey><SessionToken>{self.keys[key][1]}</SessionToken>"
                f"<Expiration>{ends}</Expiration></Credentials></{form['Action']}Result>"
                f"</{form['Action']}Response>")

    def s3(self, target, headers, region):
        path, _, query = target.partition("?")
        bucket, _, key = path[1:].partition("/")
        key = urllib.parse.unquote(key)
        home = self.regions.get(bucket, HOME_REGION)
        if region != home:
            self.refuse_region(home)
        pairs = dict(urllib.parse.parse_qsl(query, keep_blank_values=True))
        if "list-type" in pairs:
            return 200, {}, self.listing(bucket, pairs)
        if (bucket, key) not in self.objects:
            raise Refused(404, "NoSuchKey", "The specified key does not exist.")
        return self.part(self.objects[bucket, key], headers)

    def refuse_region(self, home):
        code = {301: "PermanentRedirect", 307: "TemporaryRedirect",
                400: "AuthorizationHeaderMalformed"}[self.redirect]
        headers = {} if self.redirect == 400 else {"x-amz-bucket-region": home}
        raise Refused(self.redirect, code, "wrong region", headers,
                      f"<Region>{home}</Region>" if self.redirect == 400 else "")

    def part(self, data, headers):
        etag = f'"{hashlib.md5(data).hexdigest()}"'
        if headers.get("if-match", etag) != etag:
            raise Refused(412, "PreconditionFailed")
        if "range" not in headers or self.ignore_range:
            return 200, {"ETag": etag} if self.etags else {}, data
        begin = int(headers["range"].removeprefix("bytes=").removesuffix("-"))
        return 206, {"ETag": etag, "Content-Range":
                     f"bytes {begin}-{len(data) - 1}/{len(data)}"}, data[begin:]

    def listing(self, bucket, pairs):
        assert pairs["encoding-type"] == "url"
        keys = sorted(k for b, k in self.objects if b == bucket and k.startswith(pairs["prefix"]))
        begin = int(pairs.get("continuation-token", "t=0+/").removeprefix("t=").removesuffix("+/"))
        page = keys[begin:begin + self.page]
        more = begin + self.page < len(keys)
        contents = "".join(
            f"<Contents><Key>{escape(urllib.parse.quote_plus(k, safe='/'))}</Key>"
            f"<ETag>&quot;x&quot;</ETag><Size>{len(self.objects[bucket, k])}</Size></Contents>"
            for k in page)
        token = f"<NextContinuationToken>t={begin + self.page}+/</NextContinuationToken>"
        return ('<?xml version="1.0" encoding="UTF-8"?>\n<ListBucketResult xmlns='
                f'"http://s3.amazonaws.com/doc/2006-03-01/"><Name>{bucket}</Name><Prefix/>'
                f"<IsTruncated>{'true' if more else 'false'}</IsTruncated>"
                f"{token if more else ''}{contents}</ListBucketResult>")


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        """A client that gave up at its deadline is no news; anything else is."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    aws = None

    def setup(self):
        self.aws.connections += 1
        super().setup()

    def log_message(self, *_):
        pass

    def date_time_string(self, timestamp=None):
        return email.utils.formatdate(self.aws.now(), usegmt=True)

    def say(self, status, body, headers=(), cut=None):
        data = body if isinstance(body, bytes) else body.encode()
        self.send_response(status)
        for name, value in dict(headers).items():
            self.send_header(name, value)
        if self.aws.age is not None:
            self.send_header("Age", str(self.aws.age))
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data[:cut])
        self.wfile.flush()
        if cut is not None:
            self.hang_up()

    def hang_up(self):
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def refuse(self, service, refused):
        status, code, message, headers, more = refused.args
        inner = f"<Code>{code}</Code><Message>{escape(message)}</Message>{more}"
        shapes = {"s3": f"<Error>{inner}</Error>",
                  "ec2": f"<Response><Errors><Error>{inner}</Error></Errors></Response>",
                  "rolesanywhere": json.dumps({"message": message}),
                  "secretsmanager": json.dumps({"__type": code, "Message": message}),
                  "lambda": json.dumps({"Type": "User", "Message": message})}
        if service in ("rolesanywhere", "lambda"):
            headers = {"x-amzn-errortype": code} | headers
        self.say(status, shapes.get(
            service, f"<ErrorResponse><Error><Type>Sender</Type>{inner}</Error></ErrorResponse>"),
            headers)

    def do_any(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {k.lower(): v for k, v in self.headers.items()}
        entry = {"method": self.command, "target": self.path, "headers": headers,
                 "body": body.decode("latin1")}
        self.aws.log.append(entry)
        unsigned = self.aws.unsigned.get(f"{self.command} {self.path.partition('?')[0]}")
        if unsigned and not headers.get("authorization", "").startswith("AWS4"):
            return self.say(*unsigned(headers, body))
        service = (headers.get("authorization", "").split("/") + [""] * 4)[3]
        try:
            self.play(entry, headers, body, service)
        except Refused as refused:
            entry["refused"] = refused.args[1]
            self.refuse(service, refused)

    def play(self, entry, headers, body, service):
        service, region = self.aws.check(self.command, self.path, headers, body)
        script = self.aws.scripts.get(self.path, self.aws.script)
        step = script.pop(0) if script else {}
        if "then" in step:
            step["then"]()
        time.sleep(step.get("delay", 0))
        if step.get("close"):
            entry["refused"] = "closed"
            return self.hang_up()
        if "status" in step:
            raise Refused(step["status"], step.get("code", ""), step.get("message", ""),
                          step.get("headers", ()))
        if "raw" in step:
            return self.say(200, step["raw"])
        status, more, answer = self.aws.answer(self.command, self.path, headers, body, service,
                                               region)
        self.say(status, answer, more, step.get("cut"))
        if step.get("hang_up"):
            self.hang_up()

    do_GET = do_POST = do_PUT = do_any


def container_credentials(aws, key):
    """The document of a metadata service for one of the keys."""
    secret, token, ends = aws.keys[key]
    ends = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(ends or aws.now() + 3600))
    return json.dumps({"Code": "Success", "AccessKeyId": key, "SecretAccessKey": secret,
                       "Token": token, "Expiration": ends})
