"""The command line of tito."""

import codecs
import json
import os
import subprocess
import sys
import time
import unicodedata
from pathlib import Path

import click
from rich.console import Console
from rich.markup import escape

from tinytorch import __version__
from tinytorch.tito import learning, lessons, updating
from tinytorch.tito.isolation import MEANS, MEGABYTES, SECONDS
from tinytorch.tito.workspace import Trouble, Workspace, here, nearest, write, write_new

UNRUNNABLE, WRONG_USAGE = 2, 3
STYLES = {"passed": "green", "inapplicable": "dim", "blank": "yellow", "remark": "yellow"}

console = Console(highlight=False, soft_wrap=True)
errors = Console(stderr=True, highlight=False, soft_wrap=True)


class ModuleWord(click.ParamType):
    """A module by number or name."""

    name = "module"

    def convert(self, value, param, ctx):
        try:
            return lessons.find(value) if isinstance(value, str) else value
        except LookupError as error:
            raise click.UsageError(str(error), ctx) from None

    def shell_complete(self, ctx, param, incomplete):
        from click.shell_completion import CompletionItem

        words = [
            (w, lesson.title) for lesson in lessons.lessons() for w in (lesson.number, lesson.name)
        ]
        return [CompletionItem(w, help=title) for w, title in words if w.startswith(incomplete)]


def takes_modules(command):
    """Modules as arguments or as `--module`."""
    command = click.option(
        "--module", "named", type=ModuleWord(), multiple=True, help="A module, by number or name."
    )(command)
    return click.argument("modules", type=ModuleWord(), nargs=-1)(command)


def chosen(modules, named) -> list:
    """The modules that were asked for, each once, in order."""
    asked = [*modules, *named]
    if not asked:
        raise click.UsageError("which module? For example 06, or --module optimizers")
    return sorted(dict.fromkeys(asked), key=lambda lesson: lesson.number)


def say_json(value) -> None:
    click.echo(json.dumps(value, ensure_ascii=False, indent=1))


def with_json(command):
    return click.option("--json", "as_json", is_flag=True, help="For a program to read.")(command)


@click.group(
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    invoke_without_command=True,
)
@click.version_option(__version__, prog_name="tito")
@click.pass_context
def tito(context):
    """Write the optimizers yourself, be told what is wrong, and run the book on your code.

    Exit status: 0 all pass, 1 some fail, 2 a file could not be run, 3 wrong usage.
    """
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


def workspace() -> Workspace:
    """The workspace here.

    Raises:
        Trouble: there is none.
    """
    space = nearest()
    if space is None:
        raise Trouble("no workspace here: there is no modules/source in this folder or above")
    return space


@tito.command("list")
@with_json
def list_modules(as_json):
    """The modules, what each needs, where you stand."""
    space = nearest()
    rows = [standing(space, lesson) for lesson in lessons.lessons()]
    if as_json:
        say_json(rows)
        return
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for column in ("", "module", "you write", "builds on", "where you stand"):
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(
            row["number"],
            row["name"],
            ", ".join(row["names"]),
            " ".join(row["needs"]),
            row["stands"],
        )
    console.print(table)


def standing(space: Workspace | None, lesson) -> dict:
    stands = "not started"
    if space and space.exported(lesson).is_file():
        stands = "exported"
    elif space and space.workbook(lesson).is_file():
        stands = "started"
    return {
        "number": lesson.number,
        "name": lesson.name,
        "names": list(lesson.names),
        "needs": list(lesson.needs),
        "stands": stands,
        "workbook": str(space.workbook(lesson)) if stands != "not started" else None,
    }


@tito.command()
@takes_modules
def start(modules, named):
    """Write the workbook of a module. Never overwrites."""
    from tinytorch.tito.workbook import workbook

    space = here()
    for lesson in chosen(modules, named):
        path = space.workbook(lesson)
        if path.with_suffix(".ipynb").is_file() and not path.is_file():
            raise Trouble(
                f"{space.short(path.with_suffix('.ipynb'))} is there already: tito test "
                f"{lesson.number} takes what is in it"
            )
        if not write_new(path, workbook(lesson).encode()):
            raise Trouble(
                f"{space.short(path)} is there already and is left as it is. To begin anew: "
                f"tito reset {lesson.number} --workbook, which keeps a copy"
            )
        console.print(f"{lesson.number} {lesson.title}: {escape(space.short(path))}")
        console.print(f"Open it in any editor or in Jupyter; then: tito test {lesson.number}")


@tito.command()
@takes_modules
@with_json
@click.option("--reference", is_flag=True, help="Test the package as installed, not your files.")
@click.option("--plot", is_flag=True, help="Draw your trajectories beside the reference's.")
@click.option(
    "--seconds", type=click.FloatRange(0.1), default=SECONDS, show_default=True,
    help="Time for the import and for each check.",
)  # fmt: skip
@click.option(
    "--memory", type=click.IntRange(256), default=MEGABYTES, show_default=True,
    help="Memory of the process, in MiB.",
)  # fmt: skip
@click.option("--seed", type=click.IntRange(0), help="Draw the numbers of the second round again.")
@click.option("--verbose", "-v", is_flag=True, help="All failures in full; what your file printed.")
@click.option(
    "--isolate",
    type=click.Choice(MEANS),
    default="none",
    show_default=True,
    help="Shut your code in by the operating system's means.",
)
def test(modules, named, as_json, reference, plot, seconds, memory, seed, verbose, isolate):
    """Try your code against what the package does."""
    space = nearest()
    grades = []
    for lesson in chosen(modules, named):
        grade = grade_one(space, lesson, reference, as_json, seconds, memory, seed, isolate)
        grades.append(grade)
        if not as_json:
            show(grade, space, verbose)
            if plot and not grade.problem:
                draw(grade, space)
    if as_json:
        say_json([as_dictionary(grade) for grade in grades])
    sys.exit(max(grade.status for grade in grades))


def grade_one(space, lesson, reference, quiet, seconds, memory, seed=None, isolate="none"):
    """Grade a file (or the package), with a line of progress on a terminal."""
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    from tinytorch.tito import grade as grading

    progress = Progress(
        SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn(),
        console=errors, transient=True, disable=quiet or not errors.is_terminal,
    )  # fmt: skip
    with progress:
        task = progress.add_task(f"{lesson.number} {lesson.title}")

        def tell(check):
            progress.update(task, description=f"{lesson.number} {escape(check)}")

        if reference:
            return grading.grade_package(lesson, tell)
        path = space and space.workbook(lesson)
        for line in updating.take_notebook(space, lesson) if space else ():
            errors.print(escape(line))
        if not path or not path.is_file():
            where = (
                f"in {space.root}" if space else "here (no modules/source, nor in a folder above)"
            )
            problem = f"there is no {lesson.file} {where}. To write one: tito start {lesson.number}"
            return grading.Grade(lesson, path, problem=problem)
        return grading.grade(
            lesson,
            path,
            progress=tell,
            seconds=seconds,
            megabytes=memory,
            seed=seed,
            isolate=isolate,
        )


def show(grade, space, verbose) -> None:
    from tinytorch.tito import report
    from tinytorch.tito.judge import GOOD

    lesson = grade.lesson
    file = space.short(grade.file) if grade.file and space else "the package as installed"
    console.print(f"[bold]{lesson.number} {lesson.title}[/]  {escape(str(file))}")
    if verbose and grade.printed:
        console.print("[dim]your file printed:[/]")
        console.print(escape(report.clean(grade.printed.rstrip())), style="dim")
    if grade.problem:
        console.print(f"[red]{escape(report.clean(grade.problem))}[/]")
        if grade.line:
            console.print(f"  line {grade.line}: {escape(report.clean(grade.code))}")
        return
    full, told = False, set()
    text = grade.content.decode("utf-8", "replace")
    for outcome in grade.outcomes:
        head, *rest = report.explain(outcome)
        if outcome.state in ("passed", "inapplicable") and not verbose:
            continue
        words = outcome.mistake or outcome.message or outcome.explanation
        if outcome.state in ("blank", "missing") and not verbose:
            if (outcome.state, words) in told:
                continue
            if outcome.state == "blank" and any(state == "blank" for state, _ in told):
                continue
        console.print(f"[{STYLES.get(outcome.state, 'red')}]{escape(head)}[/]")
        new = (outcome.state, words) not in told
        told.add((outcome.state, words))
        if verbose or not full or outcome.state in ("remark", "missing"):
            for line in rest:
                console.print(escape(line))
        elif new and outcome.mistake:
            console.print(escape(report.explain(outcome)[-1]))
        full = full or outcome.state not in (*GOOD, "blank")
    console.print(summary(grade))
    if grade.file and grade.passed:
        console.print(
            f"Everything passes. Your code takes the package's place: tito export {lesson.number}"
        )
    if grade.file and learning.progress(lesson, text):
        console.print(escape(learning.progress(lesson, text)))
    elif full and not verbose:
        console.print(f"Every failure in full: tito test {lesson.number} --verbose")


def summary(grade) -> str:
    counts: dict[str, int] = {}
    for outcome in grade.outcomes:
        counts[outcome.state] = counts.get(outcome.state, 0) + 1
    words = {
        "inapplicable": "not applicable",
        "missing": "without its name",
        "remark": "passed with a remark",
        "blank": "still blank",
    }
    parts = ", ".join(f"{n} {words.get(state, state)}" for state, n in counts.items())
    seed = f" (seed {grade.seed}, isolation {grade.isolation})" if grade.file else ""
    return f"{len(grade.outcomes)} checks: {parts}, in {grade.seconds:.1f} s{seed}"


def as_dictionary(grade) -> dict:
    return {
        "module": grade.lesson.folder,
        "file": str(grade.file) if grade.file else None,
        "status": grade.status,
        "problem": grade.problem or None,
        "line": grade.line,
        "seconds": grade.seconds,
        "seed": grade.seed,
        "isolation": grade.isolation,
        "checks": [
            {k: v for k, v in vars(outcome).items() if k not in ("seen", "suspects", "rounds")}
            for outcome in grade.outcomes
        ],
    }


def draw(grade, space) -> None:
    from tinytorch.tito.plot import draw_grade

    path = grade.file.with_suffix(".png") if grade.file else Path("reference.png")
    drawn = draw_grade(grade)
    if drawn is None:
        console.print("nothing to draw: no check of this module that has a trajectory came so far")
        return
    write(path, drawn)
    console.print(f"drawn: {escape(space.short(path) if space else str(path))}")


@tito.command()
@click.argument("module", type=ModuleWord())
@click.option("--once", is_flag=True, hidden=True)
def watch(module, once):
    """Test on every save, until Ctrl-C."""
    space, seen = workspace(), None
    path = space.workbook(module)
    while True:
        now = {p: p.stat().st_mtime_ns for p in (path, path.with_suffix(".ipynb")) if p.is_file()}
        if now != seen:
            console.print(f"[dim]{time.strftime('%H:%M:%S')}[/]")
            grade = grade_one(space, module, False, False, SECONDS, MEGABYTES)
            show(grade, space, False)
            console.print("[dim]Save the file to test it again; Ctrl-C ends this.[/]")
            seen = {p: p.stat().st_mtime_ns for p in now if p.is_file()}
            seen |= {path: path.stat().st_mtime_ns} if path.is_file() else {}
        if once:
            return
        time.sleep(0.3)


@tito.command()
@click.argument("module", type=ModuleWord())
def hint(module):
    """One hint about the first thing that does not pass; each call, the next."""
    space = workspace()
    grade = grade_one(space, module, False, False, SECONDS, MEGABYTES)
    if grade.problem:
        show(grade, space, False)
        sys.exit(grade.status)
    for line in learning.hint(space, module, grade):
        console.print(escape(line))


@tito.command("next")
def what_next():
    """What to do now."""
    space = nearest()
    for lesson in lessons.lessons():
        if space is None or not space.workbook(lesson).is_file():
            if space and space.exported(lesson).is_file():
                continue
            console.print(
                f"{lesson.number} {lesson.title} is not begun: tito start {lesson.number}"
            )
            return
        if space.exported(lesson).is_file() and not exporting_changed(space, lesson):
            continue
        text = space.workbook(lesson).read_text(encoding="utf-8", errors="replace")
        console.print(f"[bold]{lesson.number} {lesson.title}[/]")
        if learning.progress(lesson, text):
            console.print(escape(learning.progress(lesson, text)))
            return
        grade = grade_one(space, lesson, False, False, SECONDS, MEGABYTES)
        if grade.passed:
            console.print(f"Everything passes: tito export {lesson.number}")
        else:
            show(grade, space, False)
        return
    console.print("All modules are yours. The milestone: tito milestone 07")


def exporting_changed(space, lesson) -> bool:
    from tinytorch.tito import exporting

    return exporting.changed(space.workbook(lesson), space.exported(lesson))


@tito.command()
@takes_modules
def update(modules, named):
    """Move what you wrote into the workbook of this version. The old one is kept."""
    space = workspace()
    for lesson in chosen(modules, named):
        if not space.workbook(lesson).is_file():
            raise Trouble(
                f"there is no {lesson.file} here. To write one: tito start {lesson.number}"
            )
        try:
            lines = updating.update(space, lesson)
        except SyntaxError as error:
            raise Trouble(f"{lesson.file} is not Python yet: line {error.lineno}") from None
        for line in lines:
            console.print(escape(line))


with_rubric = click.option(
    "--rubric", type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A CSV of name,points: checks, or names like Adam.",
)  # fmt: skip


@tito.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--module", type=ModuleWord(), help="Which all are of; else by the files' names.")
@click.option(
    "--out", type=click.Path(file_okay=False, path_type=Path), default=Path("grades"),
    show_default=True, help="Where the CSV and the pages go; and what a second call resumes.",
)  # fmt: skip
@with_rubric
@click.option("--jobs", type=click.IntRange(1), help="How many at once; as many as cores.")
@click.option("--seconds", type=click.FloatRange(0.1), default=SECONDS, show_default=True)
@click.option("--memory", type=click.IntRange(256), default=MEGABYTES, show_default=True)
@click.option("--seed", type=click.IntRange(0), help="Of the numbers drawn; one for all.")
@click.option("--isolate", type=click.Choice(MEANS), default="none", show_default=True)
@click.option("--gradescope", is_flag=True, help="One submission: write results.json too.")
@click.option("--classroom50", is_flag=True, help="One submission: write result.json too.")
def grade(
    paths, module, out, rubric, jobs, seconds, memory, seed, isolate, gradescope, classroom50
):
    """Grade a class: files, folders and zips. Resumes where it was stopped."""
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
    )

    from tinytorch.tito import classroom, feedback, results, submissions

    points, one = classroom.rubric(rubric), gradescope or classroom50
    found, troubles = submissions.found(paths, module and module.name, one)
    if one and len(found) > 1:
        raise Trouble("a service's form is about one module, here are several: --module 06")
    if not found and not (one and module):
        raise Trouble(
            "no submission in " + ", ".join(map(str, paths)) + "; is a module's name in the files' "
            "names? If not: --module 06"
        )
    seed = classroom.seed_of(out, seed)
    bar = Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
        console=errors, transient=True, disable=not errors.is_terminal,
    )  # fmt: skip
    with bar:
        task = bar.add_task("grading", total=len(found))
        records = classroom.grade_all(
            found, out, points, jobs=jobs, progress=lambda record: bar.advance(task),
            seconds=seconds, megabytes=memory, seed=seed, isolate=isolate,
        )  # fmt: skip
    if not records:  # a service shows this, where it would show no error of ours
        found = [submissions.Submission("submission", module.name, "", "")]
        records = [classroom.nothing_handed_in(found[0], points, seed)]
    feedback.write_all(out, records, found, troubles, write)
    for trouble in troubles:
        errors.print(f"not read: {escape(trouble)}", style="yellow")
    if gradescope:
        write(out / "results.json", json.dumps(results.gradescope(records[0])).encode())
    if classroom50:
        form = results.classroom50(records[0], os.environ)
        write(out / "result.json", json.dumps(form).encode())
    right = sum(not r.problem and r.points == r.of for r in records)
    console.print(f"{len(records)} submissions graded, {right} with everything right")
    for name, count in classroom.common(records)[:5]:
        console.print(f"{count:>4}  {escape(name)}")
    for path in ("grades.csv", "class.html", "feedback"):
        console.print(escape(str(out / path)))


@tito.command()
@click.argument("module", type=ModuleWord())
@click.option(
    "--for", "service", required=True,
    type=click.Choice(["gradescope", "classroom50", "nbgrader"]), help="Who will grade it.",
)  # fmt: skip
@click.option(
    "--out", type=click.Path(file_okay=False, path_type=Path), default=Path("assignment"),
    show_default=True, help="The folder that it is written to.",
)  # fmt: skip
@with_rubric
def assignment(module, service, out, rubric):
    """Make a module an assignment of Gradescope, Classroom 50 or nbgrader."""
    from tinytorch.tito import assignment as assignments
    from tinytorch.tito import classroom

    points = classroom.rubric(rubric)
    if service == "gradescope":
        path = out / f"{module.folder}-gradescope.zip"
        write(path, assignments.gradescope(module, points))
        said = f"Upload it under Configure Autograder: {path}"
    elif service == "classroom50":
        folder = out / "autograders" / module.name
        for name, content in assignments.classroom50(module, points).items():
            write(folder / name, content)
        said = f"Put it under the classroom's folder, and name it as your assignment: {folder}"
    else:
        path = out / "source" / module.folder / assignments.notebook_name(module)
        write(path, assignments.nbgrader(module, points))
        said = f"Now: nbgrader generate_assignment {module.folder}. Written: {path}"
    console.print(escape(said))


@tito.command()
@takes_modules
@click.option("--force", is_flag=True, help="Export although checks fail.")
def export(modules, named, force):
    """Put your code in the package's place, under `tito run`."""
    from tinytorch.tito import exporting

    space = workspace()
    status = 0
    for lesson in chosen(modules, named):
        grade = grade_one(space, lesson, False, False, SECONDS, MEGABYTES)
        if grade.problem or (not grade.passed and not force):
            show(grade, space, False)
            console.print(f"[red]{lesson.number} {lesson.title} is not exported[/]")
            status = max(status, grade.status)
            continue
        for line in exporting.export(space, grade, force):
            console.print(escape(line))
    sys.exit(status)


@tito.command()
@with_json
def status(as_json):
    """Which modules are yours, and which are the package's."""
    from tinytorch.tito import exporting

    rows = exporting.status(nearest())
    active = os.environ.get("TINYTORCH_EXPORTS")
    if as_json:
        say_json({"active": active, "modules": rows})
        return
    for row in rows:
        console.print(f"{row['number']} {row['name']:<11} {escape(row['says'])}")
    console.print(
        f"Exports are active in this shell: {escape(active)}"
        if active
        else "In this shell everything is the package's; your exports are used under: tito run ..."
    )


@tito.command(context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
def run(command):
    """Run a command with your exports active."""
    space = nearest()
    if space is None or not any(space.exports.glob("*_dev.py")):
        raise Trouble("nothing is exported here. First: tito export 06")
    own = Path(sys.executable).parent  # `python` is the one that has this package
    path = os.pathsep.join([str(own), os.environ.get("PATH", os.defpath)])
    environment = {**os.environ, "PATH": path, "TINYTORCH_EXPORTS": str(space.exports)}
    errors.print(f"tito: with your code from {escape(space.short(space.exports))}", style="dim")
    try:
        ended = subprocess.run(command, env=environment, check=False).returncode
    except FileNotFoundError:
        raise Trouble(f"there is no command {command[0]!r}") from None
    except OSError as error:
        raise Trouble(f"{command[0]!r} cannot be run: {error.strerror}") from None
    sys.exit(ended if ended >= 0 else 128 - ended)  # killed by a signal, as a shell says it


@tito.command()
@takes_modules
@click.option("--workbook", is_flag=True, help="Set your workbook aside too.")
def reset(modules, named, workbook):
    """Back to the reference. Your files are kept, under another name."""
    from tinytorch.tito import exporting

    space = workspace()
    for lesson in chosen(modules, named):
        for line in exporting.reset(space, lesson, workbook):
            console.print(escape(line))


@tito.command()
@with_json
def doctor(as_json):
    """Is this installation sound, and if not, what to type."""
    from tinytorch.tito.doctor import examine

    findings = examine(nearest())
    if as_json:
        say_json([vars(finding) for finding in findings])
    else:
        for finding in findings:
            mark = "[green]ok   [/]" if finding.good else "[red]wrong[/]"
            console.print(f"{mark} {finding.what}: {escape(finding.found)}")
            if finding.remedy:
                console.print(f"      type: {escape(finding.remedy)}")
    sys.exit(0 if all(finding.good for finding in findings) else 1)


@tito.command()
@click.argument("module", type=ModuleWord())
@click.option("--seeds", type=click.IntRange(1), default=3, show_default=True)
@with_json
def milestone(module, seeds, as_json):
    """Train a network on the digits with what you exported."""
    from tinytorch.tito import milestones

    result = milestones.run_exported(nearest(), module, seeds)
    if as_json:
        say_json(result)
    else:
        for line in milestones.tell(result):
            console.print(escape(line))
    sys.exit(0 if result["reached"] else 1)


@tito.command()
@click.argument("module", type=ModuleWord())
@click.option(
    "--optimizer", default="Adam", show_default=True, type=click.Choice(["SGD", "Momentum", "Adam"])
)
@click.option("--full", is_flag=True, help="All workloads: some minutes instead of one.")
@click.option("--jobs", type=click.IntRange(1), default=2, show_default=True)
def card(module, optimizer, full, jobs):
    """The report card of an optimizer that you exported."""
    from tinytorch.tito import cards

    page = cards.card(nearest(), module, optimizer, full, jobs)
    console.print(f"Open it in a browser: {escape(nearest().short(page))}")


@tito.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell):
    """Print what completes words: eval "$(tito completion bash)"."""
    from click.shell_completion import get_completion_class

    click.echo(get_completion_class(shell)(tito, {}, "tito", "_TITO_COMPLETE").source())


def spell_out(stream) -> None:
    """Let a console that has no Greek letters show their names."""
    try:
        "ε√ᵗ“".encode(stream.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        codecs.register_error("spelled", spelled)
        stream.reconfigure(errors="spelled")


def spelled(error):
    """A character as its name's last word: ε as epsilon."""
    found = error.object[error.start : error.end]
    words = (unicodedata.name(letter, "?").lower().split()[-1] for letter in found)
    return "".join(words), error.end


def main(arguments=None) -> None:
    """The entry point: Click's own exit status for wrong usage, 2, becomes 3."""
    for stream in (sys.stdout, sys.stderr):
        spell_out(stream)
    try:
        status = tito.main(arguments, prog_name="tito", standalone_mode=False)
        sys.exit(status if isinstance(status, int) else 0)
    except Trouble as trouble:
        errors.print(f"tito: {escape(str(trouble))}", style="red")
        sys.exit(UNRUNNABLE)
    except click.exceptions.Abort:
        errors.print("tito: stopped")
        sys.exit(130)
    except KeyboardInterrupt:
        errors.print("tito: stopped")
        sys.exit(130)
    except click.ClickException as error:
        errors.print(f"tito: {escape(error.format_message())}", style="red")
        if isinstance(error, click.UsageError) and error.ctx:
            errors.print(f"For help: {error.ctx.command_path} --help")
        sys.exit(WRONG_USAGE)


if __name__ == "__main__":
    main()
