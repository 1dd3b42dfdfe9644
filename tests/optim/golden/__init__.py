"""Trajectories of the referees, kept so that the rules can be tested without them."""

from pathlib import Path

HERE = Path(__file__).parent
PARITY = HERE.parents[2] / "tinytorch" / "lab" / "records" / "parity.json"
KEPT = (1, 2, 3, 10, 25, 50)  # steps
