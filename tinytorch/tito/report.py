"""How results are told: sentences first, for a notebook, a terminal and a file alike."""

import unicodedata

from tinytorch.tito.judge import Outcome

MARKS = {"passed": "ok", "inapplicable": "--", "blank": "blank", "remark": "but"}


def in_figures(value) -> str:
    """A number, or a list of them, as short as it stays telling."""
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return {None: "nothing", True: "yes", False: "no"}.get(value, value)
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(in_figures(v) for v in value) + "]"
    if isinstance(value, dict):
        return ", ".join(f"{k} {in_figures(v)}" for k, v in value.items())
    return f"{value:.7g}"


def conditions(tried: dict) -> str:
    parts = []
    for name, value in tried.items():
        words = name.replace("_", " ") if name not in ("learning_rate", "step_size") else name
        if words == "gradients":
            value = value[0] if isinstance(value, list) else value
            words = "first gradient"
        text = in_figures(value)
        parts.append(words if value is True else f"{words} {text}")
    return ", ".join(parts)


LONGEST = 600  # characters of what a learner's file says


def clean(text: str) -> str:
    """Text of a learner's file as it may be shown: no control characters, not for ever."""
    text = "".join(c for c in text if c in "\n\t" or unicodedata.category(c) not in ("Cc", "Cf"))
    return text if len(text) <= LONGEST else f"{text[:LONGEST]} ... ({len(text)} characters)"


def explain(outcome: Outcome) -> list[str]:
    """The lines that say how a check went."""
    return [clean(line) for line in told(outcome)]


def told(outcome: Outcome) -> list[str]:
    mark = MARKS.get(outcome.state, "FAILED")
    head = f"{mark:>6}  {outcome.check}"
    if outcome.state == "passed":
        return [head]
    if outcome.state == "inapplicable":
        return [f"{head} ({outcome.message})"]
    lines = [head]
    if outcome.state == "remark":
        return [*lines, f"        {outcome.message}"]
    if outcome.state == "failed":
        if outcome.drawn:
            lines.append("        passes with the workbook's numbers, and not with others")
        if outcome.tried:
            lines.append(f"        tried     {conditions(outcome.tried)}")
        lines.append(f"        at        {outcome.where}")
        lines.append(f"        came out  {in_figures(outcome.got)}")
        lines.append(f"        expected  {in_figures(outcome.expected)}")
        return lines + named(outcome)
    words = {"blank": "still to do: ", "endless": "it "}
    lines.append(f"        {words.get(outcome.state, '')}{outcome.message}")
    if outcome.line:
        lines.append(f"        line {outcome.line}: {outcome.code}")
    return lines + named(outcome)


def named(outcome: Outcome) -> list[str]:
    """The known mistake that did exactly the same, or what else can be said."""
    if not outcome.mistake:
        return [f"        it seems  {outcome.explanation}"] if outcome.explanation else []
    return [f"        this is   {outcome.mistake}. {outcome.explanation}"]
