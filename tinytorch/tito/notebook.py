"""In a notebook: an exercise is tried where it was written, and the report printed below it.

The notebook's own process judges here, which nobody has a reason to deceive: `tito test` runs the
file in another one.
"""

import linecache


def try_out(names: dict, *checks: str) -> None:
    """Try an exercise in a notebook: `try_out(globals(), "SGD: a trajectory")`.

    Raises:
        LookupError: there is no such check.
    """
    from tinytorch import exports

    exports.deactivate()  # before anything that judges is imported: it would be its own measure
    from tinytorch.tito import lessons
    from tinytorch.tito.report import explain

    for name in checks:
        outcome = tried(names, *lessons.check(name))
        print("\n".join(explain(outcome)))
        if not outcome.good:
            return


def tried(names: dict, lesson, check):
    """How one check went on these names."""
    from tinytorch.tito.bench import bench_for, observe
    from tinytorch.tito.judge import judge, settle

    found, seed = [], 0
    for drawn in (None, seed):
        bench = bench_for(check, names, lesson.must_be_own, drawn)
        error = observe(check, bench)
        found.append(
            {"tried": bench.tried, "seen": bench.seen, "error": error and located(error, names)}
        )
        if error is not None:
            break
    outcome = judge(lesson, check, {"rounds": found}, seed)
    settle(lesson, [outcome], seed)
    return outcome


def located(error: BaseException, names: dict) -> dict:
    """What went wrong, at which line of the notebook's that these names live in."""
    from tinytorch.tito.bench import Inapplicable, NotThere
    from tinytorch.tito.lesson import BLANK

    kinds = {NotThere: "missing", Inapplicable: "inapplicable"}
    report = {"kind": kinds.get(type(error), type(error).__name__), "message": str(error)}
    if isinstance(error, NotImplementedError) and str(error).startswith(BLANK):
        report["kind"] = "blank"
    report |= {"line": None, "code": ""}
    walk = error.__traceback__
    while walk:
        if walk.tb_frame.f_globals is names:
            report["line"] = walk.tb_lineno
            report["code"] = linecache.getline(walk.tb_frame.f_code.co_filename, walk.tb_lineno)
            report["code"] = report["code"].strip()
        walk = walk.tb_next
    return report
