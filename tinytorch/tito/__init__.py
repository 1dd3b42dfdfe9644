"""tito: hands out workbooks, grades what a learner writes, puts it in the package's place."""

from tinytorch.tito.notebook import try_out

__all__ = ["try_out"]
