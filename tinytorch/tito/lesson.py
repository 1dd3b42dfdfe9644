"""What a module of the course is: its names, its exercises, its checks."""

from collections.abc import Callable
from dataclasses import dataclass, field

BLANK = "write "  # how the message of a blank begins


@dataclass(frozen=True)
class Check:
    """A program that tries one thing.

    `run(bench)` takes what it tries from `bench`, by name, and writes down what comes out. It is
    run on a learner's file, on the package and on each known mistake; nobody writes the expected
    values down.
    """

    name: str
    subject: str  # the name that is on trial
    run: Callable
    plot: bool = False


@dataclass(frozen=True)
class Exercise:
    """One blank: the body of `target` in the package is what the learner writes."""

    target: str  # "adam", "StepLR.factor"
    write: str  # completes "write adam: ..."
    hints: tuple[str, ...]
    checks: tuple[str, ...] = ()  # names of the checks in the cell below


@dataclass(frozen=True)
class Step:
    """Exercises that belong together, and the package's objects they stand in."""

    title: str
    objects: tuple[str, ...]
    exercises: tuple[Exercise, ...]


@dataclass(frozen=True)
class Mistake:
    """A known wrong version of `target`; the table of the kill test, and of the named bugs."""

    target: str
    name: str
    explanation: str
    wrong: object  # stands in the target's place


@dataclass(frozen=True)
class Lesson:
    number: str
    name: str
    title: str
    needs: tuple[str, ...]
    sources: tuple[str, ...]  # modules of the package that hold the objects
    names: tuple[str, ...]  # what a learner's file must define
    steps: tuple[Step, ...]
    checks: tuple[Check, ...]
    mistakes: Callable[[], list] = field(default=list)
    own: tuple[str, ...] | None = None  # what may not be the package's; all names by default

    closing: str = ""  # code of the workbook's last cell

    @property
    def folder(self) -> str:
        return f"{self.number}_{self.name}"

    @property
    def file(self) -> str:
        return f"{self.name}_dev.py"

    @property
    def must_be_own(self) -> tuple[str, ...]:
        return self.names if self.own is None else self.own

    @property
    def exercises(self) -> list[Exercise]:
        return [exercise for step in self.steps for exercise in step.exercises]
