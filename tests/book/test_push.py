"""`bin/push-published` as the workflow plays it: a shallow clone, a remote that asks for a key."""

import base64
import http.server
import os
import shutil
import subprocess
import threading
from pathlib import Path
from urllib.parse import unquote

import pytest

ROOT = Path(__file__).resolve().parents[2]
KEY = "basic " + base64.b64encode(b"x-access-token:secret").decode()

pytestmark = pytest.mark.skipif(os.name == "nt", reason="a shell script")


class Remote(http.server.BaseHTTPRequestHandler):
    """Git over HTTP; whoever pushes must show the key."""

    folder: Path

    def do_GET(self):
        self.backend(b"")

    def do_POST(self):
        if self.headers.get("Transfer-Encoding") == "chunked":
            body = b""
            while size := int(self.rfile.readline(), 16):
                body += self.rfile.read(size)
                self.rfile.readline()
        else:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.backend(body)

    def backend(self, body: bytes):
        path, _, query = self.path.partition("?")
        if "git-receive-pack" in self.path and self.headers.get("Authorization") != KEY:
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="the remote"')
            self.end_headers()
            return
        given = {
            "GIT_PROJECT_ROOT": str(self.folder),
            "GIT_HTTP_EXPORT_ALL": "1",
            "REQUEST_METHOD": self.command,
            "PATH_INFO": unquote(path),
            "QUERY_STRING": query,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
            "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
            "REMOTE_USER": "somebody",
        }
        answer = subprocess.run(
            ["git", "http-backend"],
            input=body,
            env={**os.environ, **given},
            stdout=subprocess.PIPE,
            check=True,
        ).stdout
        head, _, content = answer.partition(b"\r\n\r\n")
        fields = dict(line.split(": ", 1) for line in head.decode().splitlines())
        self.send_response(int(fields.pop("Status", "200").split()[0]))
        for name, value in fields.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_):
        pass


def git(folder: Path, *command: str, **options) -> str:
    done = subprocess.run(
        ["git", "-C", folder, *command], capture_output=True, text=True, check=True, **options
    )
    return done.stdout.strip()


class Clone:
    """A depth-1 clone, as the checkout action leaves it, with a published tree in it."""

    def __init__(self, folder: Path, address: str):
        git(folder.parent, "clone", "-q", "--depth=1", address, str(folder))
        git(folder, "config", "commit.gpgSign", "true")
        git(folder, "config", "gpg.program", "false")  # signing would fail
        git(folder, "config", f"http.{address}.extraheader", f"AUTHORIZATION: {KEY}")
        self.folder, self.address = folder, address
        (folder / "publish/notebooks").mkdir(parents=True)
        self.write("index.html", "<h1>The book</h1>\r\n")
        self.write("notebooks/page.ipynb", "{}")
        self.write("_static/left.pyc", "ignored elsewhere")

    def write(self, name: str, text: str) -> None:
        path = self.folder / "publish" / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(text.encode())

    def push(self, *arguments: str) -> subprocess.CompletedProcess:
        return subprocess.run(
            ["sh", "bin/push-published", *arguments],
            cwd=self.folder,
            env={**os.environ, "GIT_TERMINAL_PROMPT": "0", "GIT_ASKPASS": "false"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture
def home(tmp_path, monkeypatch):
    """No settings of whoever runs the tests, and one identity."""
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "gitconfig"))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    for name in ("GIT_DIR", "GIT_INDEX_FILE", "GIT_WORK_TREE"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "gitconfig").write_text("[user]\n name = Ada\n email = ada@example.org\n")
    return tmp_path


@pytest.fixture
def remote(home):
    """A bare repository of another name, served over HTTP."""
    bare = home / "served/ada/the fork.git"
    source = home / "source"
    (source / "bin").mkdir(parents=True)
    git(source, "init", "-q", "-b", "main")
    shutil.copy(ROOT / "bin/push-published", source / "bin")
    shutil.copy(ROOT / ".gitignore", source)
    git(source, "add", "-A")
    git(source, "commit", "-q", "-m", "First")
    git(source, "commit", "-q", "--allow-empty", "-m", "Second")
    git(home, "clone", "-q", "--bare", str(source), str(bare))
    handler = type("Here", (Remote,), {"folder": bare.parents[1]})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield bare, f"http://127.0.0.1:{server.server_port}/ada/the%20fork.git"
    server.shutdown()
    server.server_close()


@pytest.fixture
def clone(home, remote):
    return Clone(home / "a clone", remote[1])


def test_the_tree_arrives_as_it_is_and_the_clone_stays_as_it_was(clone, remote):
    bare, _ = remote
    before = [git(clone.folder, *c) for c in (["status", "--short"], ["rev-parse", "HEAD"])]
    done = clone.push()
    assert done.returncode == 0, done.stderr
    files = git(bare, "ls-tree", "-r", "--name-only", "gh-pages").splitlines()
    assert files == ["_static/left.pyc", "index.html", "notebooks/page.ipynb"]
    shown = subprocess.run(
        ["git", "-C", bare, "show", "gh-pages:index.html"], stdout=subprocess.PIPE, check=True
    )
    assert shown.stdout == b"<h1>The book</h1>\r\n"
    assert git(bare, "log", "--format=%an <%ae>", "gh-pages") == "Ada <ada@example.org>"
    after = [git(clone.folder, *c) for c in (["status", "--short"], ["rev-parse", "HEAD"])]
    assert after == before


def test_the_next_push_replaces_the_tree_and_keeps_the_domain(clone, remote):
    bare, _ = remote
    assert clone.push().returncode == 0
    with_domain = git(
        bare, "hash-object", "-w", "--stdin", input="books.example.org\n"
    )  # as GitHub's settings page writes it, by a commit of its own
    git(bare, "read-tree", "gh-pages")
    git(bare, "update-index", "--add", "--cacheinfo", f"100644,{with_domain},CNAME")
    tree, parent = git(bare, "write-tree"), git(bare, "rev-parse", "gh-pages")
    theirs = git(bare, "commit-tree", tree, "-p", parent, "-m", "Create CNAME")
    git(bare, "update-ref", "refs/heads/gh-pages", theirs)

    (clone.folder / "publish/_static/left.pyc").unlink()
    clone.write("index.html", "<h1>Second edition</h1>\n")
    assert clone.push().returncode == 0
    files = git(bare, "ls-tree", "-r", "--name-only", "gh-pages").splitlines()
    assert files == ["CNAME", "index.html", "notebooks/page.ipynb"]
    assert git(bare, "show", "gh-pages:CNAME") == "books.example.org"
    assert git(bare, "rev-list", "--count", "gh-pages") == "1"


def test_what_is_there_already_is_not_pushed_again(clone, remote):
    bare, _ = remote
    assert clone.push().returncode == 0
    first = git(bare, "rev-parse", "gh-pages")
    git(clone.folder, "-c", "commit.gpgSign=false", "commit", "-q", "--allow-empty", "-m", "More")
    done = clone.push()
    assert done.returncode == 0
    assert "already" in done.stdout
    assert git(bare, "rev-parse", "gh-pages") == first


def test_without_the_key_nothing_is_pushed_and_it_is_said(clone, remote):
    bare, address = remote
    git(clone.folder, "config", "--unset", f"http.{address}.extraheader")
    done = clone.push()
    assert done.returncode != 0
    assert "pushed" not in done.stdout
    assert done.stderr
    assert git(bare, "branch", "--format=%(refname:short)") == "main"


def test_without_a_tree_it_says_what_to_run(clone):
    shutil.rmtree(clone.folder / "publish")
    done = clone.push()
    assert done.returncode == 1
    assert done.stderr == "nothing to push: run make publish first\n"
