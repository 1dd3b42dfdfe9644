"""The checks of every module, tried on the package as installed."""

import pytest

from tinytorch.tito.bench import Bench, Package, observe
from tinytorch.tito.lessons import lessons

CASES = [(lesson, check) for lesson in lessons() for check in lesson.checks]


@pytest.mark.parametrize(
    ("lesson", "check"), CASES, ids=[f"{lesson.name}: {check.name}" for lesson, check in CASES]
)
def test_package(lesson, check):
    bench = Bench(Package(lesson.sources))
    error = observe(check, bench)
    assert error is None, error
    assert bench.seen, "the check sees nothing"
    assert bench.tried, "the check does not say what it tries"
