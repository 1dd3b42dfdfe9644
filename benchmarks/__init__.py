"""Measurements beside PyTorch, hand-written NumPy and the memory's bandwidth.

Every library gets the same number of threads; it has to be set before NumPy is imported.
"""

import os

THREADS = os.environ.setdefault("TINYTORCH_BENCH_THREADS", str(min(2, os.cpu_count() or 1)))
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[name] = THREADS
THREADS = int(THREADS)
