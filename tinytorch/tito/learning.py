"""The learner's loop: how much is written, what to do next, one hint at a time."""

import json
import re
from pathlib import Path

from tinytorch.tito.lesson import BLANK, Exercise, Lesson
from tinytorch.tito.workspace import Workspace, write


def progress(lesson: Lesson, text: str) -> str:
    """How much of a workbook is written, and what comes next."""
    empty, count = lesson.blanks(text), len(lesson.exercises)
    if not empty:
        return ""
    return (
        f"{count - len(empty)} of {count} pieces are written. Next: {empty[0].target}, "
        f"{empty[0].write}. A hint: tito hint {lesson.number}"
    )


def exercise_of(lesson: Lesson, outcome) -> Exercise:
    """The piece that a failing check is about."""
    named = re.match(rf"{BLANK}([\w.]+):", outcome.message)
    for exercise in lesson.exercises:
        if named and exercise.target == named[1]:
            return exercise
    rules = {"SGD": "gradient_descent", "Momentum": "heavy_ball", "Adam": "adam"}
    for wanted in (
        lambda e: e.target == outcome.subject,
        lambda e: e.target == rules.get(outcome.subject),
        lambda e: outcome.check in e.checks,
        lambda e: e.target.partition(".")[0] == outcome.subject,
    ):
        for exercise in lesson.exercises:
            if wanted(exercise):
                return exercise
    return lesson.exercises[0]


def hint(space: Workspace, lesson: Lesson, grade) -> list[str]:
    """The next hint about the first thing that does not pass."""
    bad = next((o for o in grade.outcomes if not o.good), None)
    if bad is None:
        return ["Everything passes: no hint is needed.", f"tito export {lesson.number}"]
    exercise = exercise_of(lesson, bad)
    path = space.root / ".tinytorch" / "hints.json"
    given = read_json(path)
    key = f"{lesson.number} {exercise.target}"
    number = min(given.get(key, 0), len(exercise.hints) - 1)
    lines = [f"{exercise.target}: {exercise.write}."]
    if exercise.hints:
        lines.append(f"Hint {number + 1} of {len(exercise.hints)}: {exercise.hints[number]}")
        write(path, json.dumps({**given, key: number + 1}).encode())
    if number + 1 < len(exercise.hints):
        lines.append(f"One more: tito hint {lesson.number}")
    return lines


def read_json(path: Path) -> dict:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
