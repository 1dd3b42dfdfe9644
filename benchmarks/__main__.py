"""python -m benchmarks: every measurement, one after another, each in a process of its own."""

import subprocess
import sys
from pathlib import Path

NOT_MEASUREMENTS = {"__init__", "__main__", "timing"}

for path in sorted(Path(__file__).parent.glob("*.py")):
    if path.stem not in NOT_MEASUREMENTS:
        print(f"python -m benchmarks.{path.stem}", flush=True)
        subprocess.run([sys.executable, "-m", f"benchmarks.{path.stem}"], check=True)
