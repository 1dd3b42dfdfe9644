"""A server that shows a published tree as GitHub Pages does."""

import contextlib
import functools
import gzip
import http.server
import threading
from pathlib import Path
from typing import ClassVar


class Pages(http.server.SimpleHTTPRequestHandler):
    """Serves the tree under a sub-path, compressed, and counts what it sends."""

    sent: ClassVar[dict[str, int]] = {}
    prefix = "/TinyTorch/"
    protocol_version = "HTTP/1.1"  # one connection serves many files

    def do_GET(self):
        address = self.path.split("?")[0]
        if not address.startswith(self.prefix):
            return self.send_error(404)
        self.path = "/" + self.path[len(self.prefix) :]
        path = Path(self.translate_path(self.path.split("?")[0]))
        path = path / "index.html" if path.is_dir() else path
        if not path.is_file():
            return self.send_error(404)
        body = path.read_bytes()
        self.send_response(200)
        self.send_header("Content-Type", self.guess_type(str(path)))
        if path.suffix in (".html", ".css", ".js", ".svg", ".xml", ".json", ".txt"):
            body = gzip.compress(body, 6)
            self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "max-age=600")
        self.end_headers()
        self.wfile.write(body)
        Pages.sent[address] = len(body)

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def serve(tree: Path):
    """Serve the tree on a free port while the block runs; gives the address of its top."""
    handler = functools.partial(Pages, directory=str(tree))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}{Pages.prefix}"
    server.shutdown()
    server.server_close()
