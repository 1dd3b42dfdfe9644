"""What holds for all tests."""

import os

import hypothesis

# Expected bits must not depend on whether numba is installed: what tests another engine names it.
os.environ["TINYTORCH_ENGINE"] = "blocked"

# A test of a law must not fail because the machine is busy, nor differ from one run to the next.
hypothesis.settings.register_profile("tinytorch", deadline=None, derandomize=True)
hypothesis.settings.load_profile("tinytorch")
