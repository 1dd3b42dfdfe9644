"""A learner's trajectories beside the package's."""

import io
import os

import numpy as np

from tinytorch.tito.bench import Bench, observe
from tinytorch.tito.judge import expectation

LOSS = np.array([0.5, 5.0])  # of the valley that the checks go down


def figure(pairs):
    """One panel for each (title, theirs, ours): the loss against the step."""
    from tinytorch.lab import style

    fig, axes = style.canvas(columns=len(pairs))
    axes = np.ravel(axes)
    for ax, (title, mine, reference) in zip(axes, pairs, strict=True):
        for path, label, line in ((reference, "package", "-"), (mine, "yours", "o")):
            points = np.asarray(path, float).reshape(-1, 2)
            loss = np.maximum((points * points) @ LOSS, 1e-16)
            ax.semilogy(
                loss, line, label=label, markersize=3, color="C0" if label == "package" else "C1"
            )
        ax.set(title=title, xlabel="step")
    axes[0].set_ylabel("loss")
    fig.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=2)
    return fig


def trajectories(lesson, seen: dict) -> list:
    """(title, theirs, ours) of every check that has a trajectory and came to its end."""
    pairs = []
    for check in lesson.checks:
        if check.plot and check.name in seen:
            reference = expectation(lesson, check)
            mine = seen[check.name]
            if len(mine) == len(reference):
                title = check.name.partition(":")[0]
                pairs.append((title, [v for _, v in mine], [v for _, v in reference]))
    return pairs


def draw_grade(grade) -> bytes | None:
    """A PNG of what a graded file did, or None if no trajectory was complete."""
    os.environ.setdefault("MPLBACKEND", "Agg")  # into a file, no window
    seen = {o.check: o.seen for o in grade.outcomes if o.state in ("passed", "failed")}
    pairs = trajectories(grade.lesson, seen)
    if not pairs:
        return None
    file = io.BytesIO()
    figure(pairs).savefig(file, format="png", dpi=120)
    return file.getvalue()


def draw_here(word: str, names: dict):
    """In a notebook: draw what the names in it do so far."""
    from tinytorch import exports
    from tinytorch.tito import lessons

    exports.deactivate()  # or an export would be its own measure
    lesson, seen, missing = lessons.find(word), {}, []
    for check in (check for check in lesson.checks if check.plot):
        bench = Bench(names, own=lesson.must_be_own)
        if observe(check, bench) is None:
            seen[check.name] = bench.seen
        else:
            missing.append(check.subject)
    if missing:
        print(f"Not drawn, since they do not come to the end of the valley: {', '.join(missing)}")
    return figure(trajectories(lesson, seen)) if seen else None
