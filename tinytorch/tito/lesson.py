"""What a module of the course is: its names, its exercises, its checks."""

import ast
import contextlib
import importlib
import re
from collections.abc import Callable
from dataclasses import dataclass, field

from tinytorch import exports

OPTIM = ("tinytorch.optim", "tinytorch.optim.optimizer", "tinytorch.optim.optimizers")
BLANK = "write "  # how the message of a blank begins
Function = (ast.FunctionDef, ast.AsyncFunctionDef)


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
    optional: bool | str = False  # a right file may do without, if the name (or this) passes else
    says: str = ""  # what a failure here means when no known mistake does exactly the same
    remark: str = ""  # what to say of a file that fails this and is right all the same


@dataclass(frozen=True)
class Trial:
    """A process of its own: which checks run in it, and what of the package is out of reach there.

    Attributes:
        subjects: names whose checks it runs; None for all that no other trial runs.
        targets: which exercises' answers the package must not give; None for all.
        modules: of the package, where every function is out of reach; or what finds them.
        adopts: class whose methods are put into the package's class of that name.
    """

    subjects: tuple[str, ...] | None = None
    targets: tuple[str, ...] | None = None
    modules: tuple[str, ...] | Callable[[], tuple[str, ...]] = ()
    adopts: str = ""

    def sealed(self) -> tuple[str, ...]:
        return self.modules() if callable(self.modules) else self.modules


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
    """A known wrong version of something; the table of the kill test, and of the named bugs.

    Attributes:
        target: what is replaced, a function ("adam") or a method ("StepLR.factor").
        name: a few words.
        explanation: what goes wrong and why, in a sentence for the one who wrote it.
        wrong: what stands in the target's place.
    """

    target: str
    name: str
    explanation: str
    wrong: object

    @contextlib.contextmanager
    def applied(self, sources=OPTIM):
        """Make this mistake in the package, inside the `with` block.

        Arguments:
            sources: modules in which the target is looked up.
        """
        owner, _, attribute = self.target.rpartition(".")
        word = owner or attribute
        places = [importlib.import_module(source) for source in sources]
        found = next(getattr(place, word) for place in places if hasattr(place, word))
        callers = [m for m in exports.loaded() if vars(m).get(attribute) is found]
        holders = [found] if owner else callers
        right = vars(holders[0])[attribute]
        if self.wrong.__doc__ is None:  # some checks hold a function to its docstring
            self.wrong.__doc__ = right.__doc__
        for each in holders:
            setattr(each, attribute, self.wrong)
        try:
            yield
        finally:
            for each in holders:
                setattr(each, attribute, right)


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
    own: tuple[str, ...] | None = None  # what may not be the package's; all names by default
    trials: tuple[Trial, ...] = (Trial(),)
    # Subject → targets whose mistakes it can show; all, if it is not here
    touches: dict = field(default_factory=dict, compare=False)
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

    def checks_of(self, trial: Trial) -> list[Check]:
        """The checks that run in one of the trials."""
        elsewhere = {s for t in self.trials if t.subjects for s in t.subjects}
        wanted = trial.subjects
        return [
            c
            for c in self.checks
            if (c.subject in wanted if wanted else c.subject not in elsewhere)
        ]

    def blanks(self, text: str) -> list[Exercise]:
        """The exercises whose body in a workbook is still the error that says what to write."""
        said = set(re.findall(rf'"{BLANK}([\w.]+):', text))
        return [exercise for exercise in self.exercises if exercise.target in said]

    def check(self, name: str) -> Check:
        """The check of this name."""
        return next(check for check in self.checks if check.name == name)

    @property
    def exercises(self) -> list[Exercise]:
        return [exercise for step in self.steps for exercise in step.exercises]


def in_place(text: str, lesson: Lesson) -> dict[str, ast.FunctionDef | ast.AsyncFunctionDef]:
    """The functions of a workbook that its exercises ask for, by target, in their order."""
    tree, found = ast.parse(text), {}
    targets = {exercise.target for exercise in lesson.exercises}
    for owner in [tree, *(n for n in tree.body if isinstance(n, ast.ClassDef))]:
        prefix = f"{owner.name}." if isinstance(owner, ast.ClassDef) else ""
        found |= {prefix + f.name: f for f in owner.body if isinstance(f, Function)}
    asked = [(name, node) for name, node in found.items() if name in targets]
    return dict(sorted(asked, key=lambda pair: pair[1].lineno))


def words_of(error: BaseException) -> str:
    """What an exception says, its first thousand letters; or that it cannot say it."""
    try:
        return str(error)[:1000]
    except BaseException as worse:
        return f"(its message cannot be made: {type(worse).__name__} in its __str__)"
