"""A program at a terminal, for what asks a person."""
import os
import pty
import select
import subprocess
import time

import pytest


class Terminal:
    """Runs the command with a pseudo-terminal as its standard input, output and error."""

    def __init__(self, command, env):
        try:
            self._mine, theirs = pty.openpty()
        except OSError as e:
            pytest.skip(f"no pseudo-terminal is to be had here, so nobody can be asked: {e}")
        try:
            self.process = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs,
                                            env=env, start_new_session=True)
        finally:
            os.close(theirs)
        self.seen = ""

    def expect(self, text, seconds=60):
        """Reads until the text was printed."""
        end = time.monotonic() + seconds
        while text not in self.seen:
            assert self._read(end - time.monotonic()), f"no {text!r} in {self.seen!r}"

    def type(self, line):
        os.write(self._mine, line.encode() + b"\n")

    def end(self, seconds=60):
        """Reads to the end and returns the exit code."""
        end = time.monotonic() + seconds
        while self._read(end - time.monotonic()):
            pass
        code = self.process.wait(seconds)
        os.close(self._mine)
        return code

    def _read(self, seconds):
        if seconds <= 0 or not select.select([self._mine], [], [], seconds)[0]:
            return False
        try:
            data = os.read(self._mine, 65536)
        except OSError:  # EIO: nobody has the other side open any more
            return False
        self.seen += data.decode("utf-8", "replace").replace("\r\n", "\n")
        return bool(data)
