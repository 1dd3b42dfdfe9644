"""A record in the form that a service takes: Gradescope's results.json, Classroom 50's result.json.

The forms: https://gradescope-autograders.readthedocs.io/en/latest/specs/ and
https://github.com/foundation50/classroom50/wiki/Advanced-Autograding (classroom50/result/v1).
"""

import subprocess
from datetime import datetime, timezone

from tinytorch.tito.classroom import Record
from tinytorch.tito.workspace import Trouble


def gradescope(record: Record) -> dict:
    """A record as Gradescope's results.json."""
    return {
        "score": record.points,
        "execution_time": record.seconds,
        "output": record.problem or f"Numbers drawn from seed {record.seed}.",
        "output_format": "text",
        "tests": [
            {
                "name": c["check"],
                "score": c["points"],
                "max_score": c["of"],
                "status": "passed" if good(c) else "failed",
                "output": "\n".join(c["told"]),
                "output_format": "text",
                "visibility": "visible",
            }
            for c in record.checks
        ],
    }


def good(check: dict) -> bool:
    return check["state"] in ("passed", "inapplicable", "remark")


def classroom50(record: Record, environment) -> dict:
    """A record as Classroom 50's result.json; who and what is in the runner's environment.

    Scores are whole numbers there: points are rounded so that their sums stay right.

    Raises:
        Trouble: one of the runner's variables is not there.
    """

    def given(name: str) -> str:
        if not environment.get(name):
            raise Trouble(f"{name} is not set: Classroom 50's runner sets it, see its contract")
        return environment[name]

    tests, before = [], 0.0
    for c in record.checks:
        worth = round(before + c["of"]) - round(before)
        before += c["of"]
        tests.append(
            {
                "test-name": c["check"],
                "passed": good(c),
                "score": worth if good(c) else 0,
                "max-score": worth,
                "output": "\n".join(c["told"]) or record.problem,
            }
        )
    found = {
        "schema": "classroom50/result/v1",
        "classroom": given("CLASSROOM"),
        "assignment": given("ASSIGNMENT"),
        "submission": given("SUBMISSION_TAG"),
        "commit": given("COMMIT_URL"),
        "release": given("RELEASE_URL"),
        "review": environment.get("REVIEW_URL") or given("COMMIT_URL"),
        "datetime": handed_in(),
        "graded_at": utc(datetime.now(timezone.utc)),
        "score": sum(test["score"] for test in tests),
        "max-score": sum(test["max-score"] for test in tests),
        "tests": tests,
    }
    owner = environment.get("OWNER") or environment.get("USERNAME")
    kind = environment.get("ASSIGNMENT_TYPE")
    return found | ({"owner": owner} if owner else {}) | ({"assignment_type": kind} if kind else {})


def utc(when: datetime) -> str:
    return when.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def handed_in() -> str:
    """When the commit in this folder was made; now, if there is none."""
    try:
        said = subprocess.run(
            ["git", "log", "-1", "--format=%ct"], capture_output=True, text=True, check=True
        )
        return utc(datetime.fromtimestamp(int(said.stdout), timezone.utc))
    except (OSError, subprocess.CalledProcessError, ValueError):
        return utc(datetime.now(timezone.utc))
