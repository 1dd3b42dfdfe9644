"""What holds for the tests of studies."""

import sys

import pytest


@pytest.fixture(autouse=True)
def _own_workers():
    """Workers end with their test, so that none is a leftover of another."""
    yield
    if "joblib.externals.loky" in sys.modules:
        from joblib.externals.loky import get_reusable_executor

        get_reusable_executor().shutdown(wait=True)
