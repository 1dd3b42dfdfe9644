"""Whether a page's cells would do the same after a change in the package.

When they ran, their kernel noted what they reach (`witness`). What stands in the rest of the
package cannot change what they show: neither can comments, nor the words that explain a function,
unless something that the cells call asks for those. So a page's last run is good for another state
of the package if these are as they were: the names of all its files; what the reached modules do
when they are imported; the functions that were called; the files that were read. When in doubt it
is not: a page that starts programs, or whose run left no note, depends on every byte, and where no
calls are noted (before Python 3.12) a page depends on every byte of the modules it imports.
"""

import ast
import functools
import hashlib
from pathlib import Path

ASKS = ("__doc__", "getdoc", "help(", "pinfo", "?\n")  # for the words that explain
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
DESCRIBED = (*FUNCTIONS, ast.ClassDef, ast.Module)


def digest(*parts: str | bytes) -> str:
    said = hashlib.sha256()
    for part in parts:
        part = part.encode() if isinstance(part, str) else part
        said.update(b"%d\0" % len(part) + part)
    return said.hexdigest()[:24]


def undescribed(tree: ast.AST) -> None:
    """Take the docstrings out."""
    for node in ast.walk(tree):
        if isinstance(node, DESCRIBED) and ast.get_docstring(node, clean=False) is not None:
            node.body[0] = ast.Pass()


class Module:
    """A module's source: what it does when it is imported, and its outermost functions."""

    def __init__(self, source: bytes):
        text = source.decode("utf-8")
        lines = text.splitlines(keepends=True)
        tree = ast.parse(text)
        self.spans: list[tuple[int, int, str]] = []
        self.functions: dict[str, list[str]] = {}
        self.asks: dict[str, bool] = {}
        undescribed(tree)
        self._take(tree, "", lines)
        self.imported = digest(ast.dump(tree))

    def _take(self, node: ast.AST, path: str, lines: list[str]) -> None:
        """Leave of each function its head, and note what was in it."""
        for child in ast.iter_child_nodes(node):
            if not isinstance(child, FUNCTIONS):
                inner = f"{path}{child.name}." if isinstance(child, ast.ClassDef) else path
                self._take(child, inner, lines)
                continue
            name = path + child.name
            begins = min([child.lineno, *(d.lineno for d in child.decorator_list)])
            self.spans.append((begins, child.end_lineno, name))
            body = digest(*map(ast.dump, child.body))
            self.functions.setdefault(name, []).append(body)
            said = "".join(lines[begins - 1 : child.end_lineno])
            self.asks[name] = self.asks.get(name, False) or any(word in said for word in ASKS)
            child.body = [ast.Pass()]

    def function(self, line: int) -> str | None:
        """The outermost function that a line stands in."""
        return next((name for a, b, name in self.spans if a <= line <= b), None)


class Sources:
    """The files that cells can see, as they stood when the build began.

    Arguments:
        package: the package's folder; book: the folder that pages and what they read stand in.
    """

    def __init__(self, package: Path, files: dict[str, Path], book: Path, words: str):
        self.package, self.book = package.resolve(), book.resolve()
        self.words = words  # what a run depends on beside files
        self.bytes = {name: path.read_bytes() for name, path in files.items()}
        self.whole = digest(words, *(part for pair in sorted(self.bytes.items()) for part in pair))
        self.module = functools.cache(lambda name: Module(self.bytes[name]))

    def name(self, path: str) -> str | None:
        """What a file of the package is called in the note."""
        place = Path(path)
        if not place.is_relative_to(self.package):
            return None
        return f"{self.package.name}/{place.relative_to(self.package).as_posix()}"

    def beside(self, path: str) -> str | None:
        """What a file of the book is called; nothing of what a build writes counts."""
        place = Path(path)
        if not place.is_relative_to(self.book) or place.is_relative_to(self.package):
            return None
        inner = place.relative_to(self.book)
        hidden = any(part.startswith((".", "_build", "__pycache__")) for part in inner.parts)
        return None if hidden else inner.as_posix()

    def nearby(self, folder: str) -> list[str]:
        """What a cell that runs in a folder could import from there."""
        place = self.book / folder
        return sorted(
            {p.name for p in place.glob("*.py")} | {p.parent.name for p in place.glob("*/*.py")}
        )

    def note(self, seen: dict, cells: str, folder: str) -> dict:
        """What was seen of a page's cells in a folder, by names that a later build understands."""
        before, during = seen["before"], seen["cells"]
        if before["gone"] or during["gone"]:
            return {"all": before["gone"] or during["gone"]}
        modules = {self.name(path) for one in (before, during) for path in one["modules"]}
        functions, asked = set(), any(word in f"{cells}\n" for word in ASKS)
        if not during["calls"]:  # then all that is imported counts, every word of it
            asked = True
        for one in (before, during):
            for path, line in one["code"]:
                name = self.name(path)
                if name not in self.bytes:
                    return {"all": path}
                modules.add(name)
                function = self.module(name).function(line)
                if function:
                    functions.add((name, function))
                    # what importing does with such words is to put them together
                    asked = asked or (one is during and self.module(name).asks[function])
        opened = {path for one in (before, during) for path in one["opened"]}
        return {
            "modules": sorted(modules),
            "functions": sorted(functions),
            "read": sorted(filter(None, map(self.name, opened))),
            "beside": sorted(filter(None, map(self.beside, opened))),
            "described": asked,
            "folder": folder,
        }

    def state(self, note: dict) -> str:
        """A hash of all that a note names, as it stands now."""
        if "all" in note:
            return self.whole
        parts: list[str | bytes] = [self.words, *sorted(self.bytes), *self.nearby(note["folder"])]
        for name in note["modules"]:
            if name not in self.bytes:
                return ""
            source = self.bytes[name]
            parts += [name, source if note["described"] else self.module(name).imported]
        for name, function in note["functions"]:
            parts += [name, function, *self.module(name).functions.get(function, ["gone"])]
        for name in note["read"]:
            parts += [name, self.bytes.get(name, b"absent")]
        for name in note["beside"]:
            path = self.book / name
            parts += [name, path.read_bytes() if path.is_file() else b"absent"]
        return digest(*parts)
