"""What holds for all tests."""

import os
import signal

import hypothesis

# Expected bits must not depend on whether numba is installed: what tests another engine names it.
os.environ["TINYTORCH_ENGINE"] = "blocked"

# A test of a law must not fail because the machine is busy, nor differ from one run to the next.
hypothesis.settings.register_profile("tinytorch", deadline=None, derandomize=True)
hypothesis.settings.load_profile("tinytorch")

# Started in the background (by nohup, by some runners) the tests would hand an ignored Ctrl-C down
# to every process that they try it on.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
