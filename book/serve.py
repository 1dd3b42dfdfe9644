"""Show the book in the browser, and rebuild and reload it whenever a file is saved.

    python book/serve.py [--port 8000]

Only this machine can reach the server. The build is the strict one; when it fails the browser
keeps the last good page and the terminal says what to mend.
"""

import argparse
import functools
import http.server
import subprocess
import sys
import threading
from pathlib import Path

import watchfiles

ROOT = Path(__file__).resolve().parent.parent
SITE = ROOT / "_build" / "html"
WATCHED = ["book", "tinytorch", "index.md", "_config.yml", "_toc.yml"]

RELOAD = b"""<script>
(async () => {
  const ask = async () => (await fetch("/__built__")).text();
  const shown = await ask();
  setInterval(async () => { if (await ask() !== shown) location.reload(); }, 500);
})();
</script></body>"""


class Handler(http.server.SimpleHTTPRequestHandler):
    built = 0

    def do_GET(self):
        path = Path(self.translate_path(self.path))
        if path.is_dir():
            path /= "index.html"
        if self.path == "/__built__":
            self.answer(str(Handler.built).encode(), "text/plain")
        elif path.suffix == ".html" and path.is_file():
            self.answer(path.read_bytes().replace(b"</body>", RELOAD, 1), "text/html")
        else:
            super().do_GET()

    def answer(self, body: bytes, kind: str):
        self.send_response(200)
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def build() -> None:
    if subprocess.run([sys.executable, ROOT / "book" / "build.py"], check=False).returncode == 0:
        Handler.built += 1


def main() -> None:
    parser = argparse.ArgumentParser(description="Show the book and rebuild it on every change.")
    parser.add_argument("--port", type=int, default=8000)
    port = parser.parse_args().port

    handler = functools.partial(Handler, directory=SITE)
    try:
        server = http.server.ThreadingHTTPServer(("127.0.0.1", port), handler)
    except OSError as error:
        sys.exit(f"cannot listen on port {port}: {error.strerror}. Choose another with --port")
    build()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(f"The book is at http://127.0.0.1:{port}/ and follows your edits. Stop with Ctrl-C.")
    ignore = watchfiles.PythonFilter(
        extra_extensions=(".md", ".yml", ".bib", ".css", ".js", ".svg")
    )
    for changes in watchfiles.watch(*(ROOT / name for name in WATCHED), watch_filter=ignore):
        print("changed:", ", ".join(sorted(str(Path(p).relative_to(ROOT)) for _, p in changes)))
        build()


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        print()
