"""The laboratory of the book: surfaces, runs and studies, measurements and plots.

Needs matplotlib."""

from tinytorch.lab.card import Card, report_card
from tinytorch.lab.drawing import addresses, draw_graph, draw_memory
from tinytorch.lab.live import (
    Curve,
    Descent,
    Heat,
    Knob,
    Live,
    Path,
    Plane,
    Plot,
    Rate,
    Rows,
    Steps,
    Trace,
)
from tinytorch.lab.measure import (
    iterations_to,
    learning_rate_finder,
    measured_rate,
    sharpness,
)
from tinytorch.lab.page import Table, below, claim, glue
from tinytorch.lab.records import recorded
from tinytorch.lab.runs import TrainingRuns, sweep, train_runs, trajectory, tune
from tinytorch.lab.studies.search import Between, Search, Trial, best_of, grid, search
from tinytorch.lab.studies.store import Store
from tinytorch.lab.studies.study import Interrupted, Results, Run, study
from tinytorch.lab.style import (
    canvas,
    heatmap,
    look,
    plot_bands,
    plot_convergence,
    plot_trajectories,
)
from tinytorch.lab.surfaces import (
    Beale,
    Booth,
    Himmelblau,
    LeastSquares,
    Quadratic,
    Rastrigin,
    Rosenbrock,
    Saddle,
    Surface,
)

__all__ = [
    "Beale", "Between", "Booth", "Card", "Curve", "Descent", "Heat", "Himmelblau",
    "Interrupted", "Knob", "LeastSquares", "Live", "Path", "Plane", "Plot", "Quadratic",
    "Rastrigin", "Rate", "Results", "Rosenbrock", "Rows", "Run", "Saddle", "Search", "Steps",
    "Store", "Surface", "Table", "Trace", "TrainingRuns", "Trial", "addresses", "below",
    "best_of", "canvas", "claim", "draw_graph", "draw_memory", "glue", "grid", "heatmap",
    "iterations_to", "learning_rate_finder", "look", "measured_rate", "plot_bands",
    "plot_convergence", "plot_trajectories", "recorded", "report_card", "search", "sharpness",
    "study", "sweep", "train_runs", "trajectory", "tune",
]  # fmt: skip
