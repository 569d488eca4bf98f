"""A root directory that holds one static program and next to nothing else, and a world around it:
certificates of an authority of our own and a name server on loopback."""
import datetime
import functools
import ipaddress
import os
import shutil
import socket
import struct
import subprocess
import threading
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from support import function
from support.processes import LOOPBACK

NOBODY = "65534:65534"
TASK = "var/task"
BUNDLE = "etc/pki/tls/certs/ca-bundle.crt"  # where Amazon Linux 2023 keeps it
DAY = datetime.timedelta(days=1)


def why_not():
    """A sentence when this machine cannot run programs in a root of their own, else None."""
    if os.geteuid() != 0:
        return "changing the root directory needs root"
    if not Path("/usr/lib/apt/apt-helper").exists():
        return "static programs are built from Debian's packages, by Debian's tools"
    return None


@functools.cache
def build(arch):
    """build/static-ARCH/bin of this source tree."""
    made = subprocess.run([function.ROOT / "scripts" / "build", "--static", "--arch", arch],
                          capture_output=True, text=True)
    assert made.returncode == 0, made.stderr
    return function.ROOT / "build" / f"static-{arch}" / "bin"


class Root:
    """The directory: the function's package, an emulator of its processor if it needs one,
    resolv.conf. An nsswitch.conf that knows files only proves that nobody reads it."""

    def __init__(self, path, arch, name_server, rules=function.RULES):
        self.path, self.emulator = path, []
        (path / "var").mkdir(parents=True)
        function.lay_out(path / TASK, rules, build(arch) / "bootstrap")
        self.write("etc/resolv.conf", f"nameserver {name_server}\noptions timeout:2\n")
        self.write("etc/nsswitch.conf", "hosts: files\n")
        if arch != os.uname().machine:
            shutil.copy(shutil.which(f"qemu-{arch}-static"), path / "emulator")
            self.emulator = ["/emulator"]

    def write(self, name, text):
        file = self.path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def start(self, api, **settings):
        """The function, as a user without rights, with this directory as all there is."""
        credentials = {"AccessKeyId": "AKIDEXAMPLE", "SecretAccessKey": "wJalrXUtnFEMI",
                       "SessionToken": "TOKENEXAMPLE"}
        env = function.environment("/" + TASK, api.address, credentials, **settings)
        return function.Function(self.path / TASK, env, api, [
            shutil.which("chroot"), f"--userspec={NOBODY}", self.path, *self.emulator,
            f"/{TASK}/bootstrap"])

    def files(self):
        return sorted(str(x.relative_to(self.path)) for x in self.path.rglob("*"))


class Authority:
    """Issues certificates; `pem` is what one who trusts it needs."""

    def __init__(self, name):
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self._certificate = self._sign(self._name, self._key, 30 * DAY, x509.BasicConstraints(
            ca=True, path_length=0))
        self.pem = self._certificate.public_bytes(serialization.Encoding.PEM).decode()

    def _sign(self, subject, key, lasts, extension):
        now = datetime.datetime.now(datetime.timezone.utc)
        made = x509.CertificateBuilder().subject_name(subject).issuer_name(self._name)
        made = made.public_key(key.public_key()).serial_number(x509.random_serial_number())
        made = made.not_valid_before(now - 10 * DAY).not_valid_after(now + lasts)
        return made.add_extension(extension, critical=False).sign(self._key, hashes.SHA256())

    def issue(self, folder, name, lasts=DAY):
        """Files with a certificate for a host and with its key; lasts < 0: it has ended."""
        key = ec.generate_private_key(ec.SECP256R1())
        leaf = self._sign(
            x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]), key, lasts,
            x509.SubjectAlternativeName([x509.DNSName(name)]))
        folder.mkdir()
        (folder / "cert.pem").write_bytes(leaf.public_bytes(serialization.Encoding.PEM))
        (folder / "key.pem").write_bytes(key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption()))
        return folder / "cert.pem", folder / "key.pem"


class NameServer:
    """Says that `name` is this machine (RFC 1035), and of all others that they do not exist. A
    resolver asks port 53 and no other: it listens on a loopback address that nobody else uses."""

    def __init__(self, name):
        self.name, self.asked = name, []
        self.address = str(ipaddress.ip_address("127.64.0.0") + os.getpid() % 65536)
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((self.address, 53))
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self):
        while True:
            question, whence = self._socket.recvfrom(512)
            if not question:
                return
            self._socket.sendto(self._answer(question), whence)

    def _answer(self, question):
        end = question.index(b"\0", 12) + 1
        labels, at = [], 12
        while question[at]:
            labels.append(question[at + 1:at + 1 + question[at]].decode())
            at += 1 + question[at]
        (kind,) = struct.unpack_from("!H", question, end)
        self.asked.append(".".join(labels))
        known = ".".join(labels) == self.name
        records = known and kind == 1  # A; of AAAA there are none
        header = question[:2] + struct.pack("!5H", 0x8180 | (0 if known else 3), 1, records, 0, 0)
        answer = b"\xc0\x0c" + struct.pack("!HHIH", 1, 1, 60, 4) + socket.inet_aton(LOOPBACK)
        return header + question[12:end + 4] + (answer if records else b"")

    def close(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.sendto(b"", (self.address, 53))
        self._thread.join()
        self._socket.close()
