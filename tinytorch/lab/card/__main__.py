"""The report card of an optimizer of this package: python -m tinytorch.lab.card Adam"""

import argparse
import sys

from tinytorch import optim
from tinytorch.lab.card.card import report_card


def main() -> None:
    names = [rule.__name__ for rule in optim.OPTIMIZERS]
    parser = argparse.ArgumentParser(prog="python -m tinytorch.lab.card")
    parser.add_argument("optimizer", choices=names, metavar="optimizer", help=", ".join(names))
    parser.add_argument("--full", action="store_true", help="all workloads")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--store", help="file or PostgreSQL address that keeps results")
    parser.add_argument("--name", help="what the card calls it")
    parser.add_argument("--out", default="card", help="writes OUT.html and OUT.json")
    options = parser.parse_args()
    try:
        card = report_card(
            getattr(optim, options.optimizer), full=options.full, jobs=options.jobs,
            store=options.store, name=options.name,
        )  # fmt: skip
        print(card)
        for path in card.save(options.out):
            print(f"written: {path}")
    except KeyboardInterrupt as stop:
        print(f"\n{stop or 'stopped'}", file=sys.stderr)
        sys.exit(130)
    except (OSError, ValueError) as error:
        sys.exit(f"no report card: {error}")


if __name__ == "__main__":
    main()
