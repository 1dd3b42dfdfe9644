"""The kill table: every known mistake is caught, and nearly all are called by their name."""

import pytest

from tinytorch.tito.bench import Bench, mistaken, observe
from tinytorch.tito.judge import judge, mistakes_of, settle
from tinytorch.tito.lessons import lessons


def graded(lesson, mistake):
    """The outcomes of a file that makes this mistake."""
    outcomes = []
    for check in lesson.checks:
        with mistaken(lesson, mistake) as names:
            bench = Bench(names, {})
            error = observe(check, bench)
        facts = {"kind": type(error).__name__, "message": str(error), "line": None}
        report = dict(
            seconds=0.0,
            tried=bench.tried,
            seen=bench.seen,
            dropped={},
            error=facts if error is not None else None,
        )
        outcomes.append(judge(lesson, check, report))
    settle(lesson, outcomes)
    return outcomes


@pytest.fixture(scope="module")
def table():
    """(module, target, mistake, caught, named) for each known mistake."""
    rows = []
    for lesson in lessons():
        for mistake in mistakes_of(lesson):
            outcomes = graded(lesson, mistake)
            caught = any(not o.good for o in outcomes)
            names = [o.mistake for o in outcomes if o.mistake]
            named = bool(names) and max(set(names), key=names.count) == mistake.name
            rows.append((lesson.name, mistake.target, mistake.name, caught, named))
    return rows


def test_there_are_enough(table):
    assert len(table) >= 150
    assert {row[0] for row in table} == {lesson.name for lesson in lessons()}


def test_all_are_caught(table):
    assert [row[:3] for row in table if not row[3]] == []


def test_nearly_all_are_named(table):
    """Of a hundred at most two: those that do the same as another in every check that fails."""
    unnamed = [row[:3] for row in table if not row[4]]
    assert len(unnamed) <= len(table) / 50, unnamed


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
        assert all(
            o.good
            for check in lesson.checks
            for bench in [Bench(_package(lesson))]
            for o in [_judged(lesson, check, bench)]
        )


def _package(lesson):
    from tinytorch.tito.bench import Package

    return Package(lesson.sources)


def _judged(lesson, check, bench):
    error = observe(check, bench)
    assert error is None
    report = dict(seconds=0.0, tried=bench.tried, seen=bench.seen, dropped={}, error=None)
    return judge(lesson, check, report)
