"""The checks of every module, tried on the package as installed."""

import pytest

from tinytorch.tito.bench import Package, bench_for, observe
from tinytorch.tito.lessons import lessons

CASES = [(lesson, check) for lesson in lessons() for check in lesson.checks]


@pytest.mark.parametrize(
    ("lesson", "check"), CASES, ids=[f"{lesson.name}: {check.name}" for lesson, check in CASES]
)
def test_package(lesson, check):
    for seed in (None, *range(12)):
        bench = bench_for(check, Package(lesson.sources), seed=seed)
        error = observe(check, bench)
        assert error is None, (seed, error)
        assert bench.seen, "the check sees nothing"
        assert bench.tried, "the check does not say what it tries"


def test_the_second_round_has_numbers_of_its_own():
    """In every module most checks observe something else when their numbers are drawn."""
    for lesson in lessons():
        names, differ = Package(lesson.sources), 0
        for check in lesson.checks:
            seen = []
            for seed in (None, 1, 1, 2):
                bench = bench_for(check, names, seed=seed)
                observe(check, bench)
                seen.append(bench.seen)
            assert seen[1] == seen[2] or "starts" in check.name, "a seed gives the same numbers"
            differ += seen[0] != seen[1] != seen[3]
        assert differ > 0.6 * len(lesson.checks), lesson.name
