"""Write tinytorch/data/digits.npz from scikit-learn's copy of the UCI digits.

    python scripts/make_digits.py

Source: E. Alpaydin & C. Kaynak, Optical Recognition of Handwritten Digits, 1998, UCI Machine
Learning Repository, doi.org/10.24432/C50P49, CC BY 4.0. The copy holds its test set, 1,797
images of 8×8 values from 0 to 16, which are stored here as bytes, in the same order.
"""

from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits

TARGET = Path(__file__).parent.parent / "tinytorch" / "data" / "digits.npz"


def main(target: Path = TARGET) -> None:
    bunch = load_digits()
    images = bunch.images.astype(np.uint8)
    if not np.array_equal(images, bunch.images):
        raise SystemExit("the images are not whole numbers from 0 to 255")
    np.savez_compressed(
        target,
        images=images,
        labels=bunch.target.astype(np.uint8),
        source=np.array(__doc__.split("Source: ")[1]),
    )
    print(f"{target}: {len(images)} images, {target.stat().st_size} bytes")


if __name__ == "__main__":
    main()
