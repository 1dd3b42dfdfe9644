"""The kill table: every known mistake is caught, and nearly all are called by their name."""

from pathlib import Path

import pytest

from tinytorch.tito.bench import mistaken
from tinytorch.tito.grade import grade_package
from tinytorch.tito.judge import judge, settle
from tinytorch.tito.lessons import find, lessons
from tinytorch.tito.mistakes import mistakes_of
from tinytorch.tito.trial import rounds

SEED = 1


def graded(lesson, mistake):
    """The outcomes of a file that makes this mistake."""
    with mistaken(lesson, mistake) as names:
        reports = [rounds(check, names, None, SEED, Path(__file__)) for check in lesson.checks]
    outcomes = [
        judge(lesson, check, {"rounds": found}, SEED)
        for check, found in zip(lesson.checks, reports, strict=True)
    ]
    settle(lesson, outcomes, SEED)
    return outcomes


@pytest.fixture(scope="module")
def table():
    """(module, target, mistake, caught, named, all names) for each known mistake."""
    rows = []
    for lesson in lessons():
        for mistake in mistakes_of(lesson):
            outcomes = graded(lesson, mistake)
            caught = any(not o.good or o.state == "remark" for o in outcomes)
            names = [o.mistake for o in outcomes if o.mistake]
            named = bool(names) and max(set(names), key=names.count) == mistake.name
            rows.append((lesson.name, mistake.target, mistake.name, caught, named, set(names)))
    return rows


@pytest.mark.slow
def test_there_are_enough(table):
    assert len(table) >= 350
    assert {row[0] for row in table} == {lesson.name for lesson in lessons()}


@pytest.mark.slow
def test_all_are_caught(table):
    assert [row[:3] for row in table if not row[3]] == []


@pytest.mark.slow
def test_nearly_all_are_named(table):
    """Of a hundred at most two: those that do the same as another in every check that fails."""
    unnamed = [row[:3] for row in table if not row[4]]
    assert len(unnamed) <= len(table) / 50, unnamed


@pytest.mark.slow
def test_none_has_a_wrong_name(table):
    """A name beside its own is that of a mistake which does the same there; that is rare."""
    assert [row[:3] for row in table if row[5] and row[2] not in row[5]] == []
    assert len([row for row in table if row[5] - {row[2]}]) <= 3


@pytest.mark.parametrize(
    ("number", "name"),
    [
        ("06", "β₂ in the average of gradients"),
        ("06", "a parenthesis is missing: ε is added to p"),
        ("06", "lr and momentum are exchanged"),
        ("06", "the loop ends at a missing gradient"),
        ("06", "rounded up"),
        ("05", "the condition is asked of the gradient"),
        ("05", "adds into an array that others hold"),
        ("03", "rng is not handed on"),
        ("07", "the loss gets its arguments exchanged"),
    ],
)
def test_one_that_was_missed_or_misnamed_before_has_its_name(number, name):
    lesson = find(number)
    mistake = next(m for m in mistakes_of(lesson) if m.name == name)
    assert {o.mistake for o in graded(lesson, mistake) if o.mistake} == {name}


def test_each_has_a_name_of_its_own_and_an_explanation():
    for lesson in lessons():
        rows = [(m.target, m.name) for m in mistakes_of(lesson)]
        assert len(rows) == len(set(rows)), lesson.name
        for mistake in mistakes_of(lesson):
            assert mistake.explanation.endswith((".", "?")), mistake.name


def test_the_package_is_whole_afterwards():
    for lesson in lessons():
        for mistake in mistakes_of(lesson):
            with mistaken(lesson, mistake):
                pass
        assert grade_package(lesson).passed
