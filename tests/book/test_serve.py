"""`make serve`: the page in the browser follows the file in the editor."""

import os
import re
import socket
import subprocess
import sys
import time
import urllib.request

import pytest

pytestmark = pytest.mark.slow


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(condition, seconds: float = 90):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = condition()
        if found:
            return found
        time.sleep(0.2)
    raise TimeoutError("the server did not show the page in time")


def test_the_page_follows_the_file(book):
    book.write("book/chapter", "# First\n")
    port = free_port()
    here = f"http://127.0.0.1:{port}/"

    def get(path: str) -> str:
        try:
            with urllib.request.urlopen(here + path, timeout=5) as answer:
                return answer.read().decode()
        except OSError:
            return ""

    server = subprocess.Popen(
        [sys.executable, "book/serve.py", "--port", str(port)],
        cwd=book.folder,
        env={**os.environ, "PYTHONPATH": str(book.folder)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        page = wait_for(lambda: get("book/chapter.html"))
        assert "First" in page
        assert re.search(r"__built__.*</body>", page, re.DOTALL)
        shown = get("__built__")

        time.sleep(1)  # the watch starts after the first build
        book.write("book/chapter", "# Second\n")
        wait_for(lambda: get("__built__") not in ("", shown))
        assert "Second" in get("book/chapter.html")
        assert "__built__" not in book.html()
    finally:
        server.terminate()
        server.wait(10)
