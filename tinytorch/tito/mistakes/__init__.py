"""Wrong versions of what a learner writes, a module of the course in a file each.

They are what the checks must notice and what the grader can name. The process that runs a
learner's code never imports them: each holds most of a right answer.
"""

import importlib
from functools import cache

from tinytorch.tito.mistakes.rules import MISTAKES as MISTAKES


@cache
def mistakes_of(lesson) -> tuple:
    """The known mistakes of a module of the course."""
    module = importlib.import_module(f"tinytorch.tito.mistakes.{lesson.name}")
    return tuple(module.MISTAKES)
