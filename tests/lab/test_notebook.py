"""Figures show in a notebook's every cell, not only in the first that draws."""

import os

import nbformat
from nbclient import NotebookClient


def test_each_cell_shows_its_figure(monkeypatch):
    monkeypatch.setitem(os.environ, "MPLBACKEND", "module://matplotlib_inline.backend_inline")
    sources = [
        "from tinytorch.lab import canvas, plot_convergence\nplot_convergence({'SGD': [1, .1]});",
        "fig, ax = canvas()\nax.plot([1, 2]);",
    ]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(s) for s in sources])
    NotebookClient(notebook, kernel_name="python3", timeout=60).execute()
    for cell in notebook.cells:
        assert any("image/png" in output.get("data", {}) for output in cell.outputs)
