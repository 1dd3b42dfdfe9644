"""Every Python shows the same docstrings: 3.13 and later take the indentation off by themselves."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

# From here on modules are compiled as Python 3.13 does it, whichever Python this is.
AS_NEWER = """
import ast, importlib.machinery

def dedented(self, data, path):
    tree = ast.parse(data)
    for node in ast.walk(tree):
        named = isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef))
        if named and ast.get_docstring(node):
            node.body[0].value.value = ast.get_docstring(node, clean=True)
    return compile(tree, path, "exec", dont_inherit=True)

def fresh(self, name):
    if not name.startswith("tinytorch"):
        return usual(self, name)
    path = self.get_filename(name)
    return dedented(self, self.get_data(path), path)

loader = importlib.machinery.SourceFileLoader
usual, loader.get_code = loader.get_code, fresh
"""
# Prints each line of a docstring that names a section but does not begin at the margin.
PRINTED = """
import importlib, inspect, pkgutil, re
import tinytorch
HEAD = re.compile("^ +(Arguments|Attributes|Raises|Returns|Shapes|Yields)\\\\b.*:", re.M)
for found in pkgutil.walk_packages(tinytorch.__path__, "tinytorch."):
    if found.name.endswith("__main__"):
        continue
    module = importlib.import_module(found.name)
    for name, thing in vars(module).items():
        if getattr(thing, "__module__", "") == module.__name__:
            for line in HEAD.findall(inspect.getdoc(thing) or ""):
                print(found.name, name, line)
"""


@pytest.mark.parametrize("compiled", ["", AS_NEWER], ids=["as here", "as by a newer one"])
def test_a_docstring_that_is_put_together_is_clean_on_every_python(compiled):
    done = subprocess.run(
        [sys.executable, "-c", compiled + PRINTED],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
