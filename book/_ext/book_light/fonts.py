"""The letters of the book: cut to what it says, served by the site itself.

Each face comes from a package of its own, as a font of variable weight. A process beside the build
pins what the book does not vary and leaves out what no page writes; what it made is kept in the
user's cache, for the next build. The cells draw with the same letters that the reader's browser
sets, so that nothing in a figure moves.
"""

import hashlib
import importlib
import io
import os
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

from fontTools import subset
from fontTools.ttLib import TTFont
from fontTools.varLib import instancer
from platformdirs import user_cache_dir


class Face(NamedTuple):
    package: str
    file: str
    axes: dict  # what is pinned, or limited
    drawn: str = ""  # the style for which matplotlib has it too


READ = {"opsz": 14}  # drawn for letters of this size
FACES = {
    "sans": Face("source-sans-3", "SourceSans3[wght]", {"wght": (400, 600)}, "Regular"),
    "sans-italic": Face("source-sans-3", "SourceSans3-Italic[wght]", {"wght": 400}, "Italic"),
    "serif": Face("source-serif-4", "SourceSerif4[opsz,wght]", {**READ, "wght": (400, 600)}),
    "serif-italic": Face("source-serif-4", "SourceSerif4-Italic[opsz,wght]", {**READ, "wght": 400}),
    "mono": Face("source-code-pro", "SourceCodePro[wght]", {"wght": 400}),
}  # fmt: skip
FEATURES = ["kern", "liga", "tnum"]
LETTERS = "áäçèéöüćğŁŽΠΣΦαβγδεηκλμπρστφψ"  # a test says which are missing, or too many
CHARACTERS = (
    "".join(map(chr, range(0x20, 0x7F)))
    + LETTERS
    + "°±×÷²³´·¹½–—‖‘’“”„…′⁰ⁱ⁴⁵⁶⁷⁸⁹⁻ⁿᵀᵏᵗʲ̂⟨⟩₀₁₂₃₄₅₋←→∂∇−√∞≈≤≥▸▾¼ᵖ″⁺₊∫✓✗"
)


def load(face: Face) -> TTFont:
    module = importlib.import_module(f"fontpkg_{face.package.replace('-', '_')}")
    font = TTFont(Path(module.__file__).parent / "files" / f"{face.file}.ttf")
    options = subset.Options(hinting=False, layout_features=FEATURES, notdef_outline=True)
    subsetter = subset.Subsetter(options)
    subsetter.populate(text=CHARACTERS)
    subsetter.subset(font)
    return font


def cut(face: Face, target: Path) -> None:
    font = instancer.instantiateVariableFont(load(face), face.axes)
    font.flavor = "woff2"
    save(font, target)


def draw(face: Face, target: Path) -> None:
    """The face at its usual weight, under the name by which matplotlib is asked for it."""
    font = instancer.instantiateVariableFont(load(face), {"wght": 400})
    names = font["name"]
    for number in (16, 17, 21, 22, 25):
        names.removeNames(nameID=number)
    for number, name in ((1, "Source Sans 3"), (2, face.drawn)):
        names.setName(name, number, 3, 1, 0x409)
        names.setName(name, number, 1, 0, 0)
    save(font, target)


def save(font: TTFont, target: Path) -> None:
    """Whole or not at all, whenever the build is broken off."""
    buffer = io.BytesIO()
    font.save(buffer)
    half = target.with_suffix(f".{os.getpid()}")  # another build may be at it, too
    half.write_bytes(buffer.getvalue())
    half.replace(target)


def make(place: Path) -> None:
    """What is not there yet; the letters for the cells first, since they are waited for."""
    for name, face in FACES.items():
        if face.drawn and not (place / f"{name}.ttf").is_file():
            draw(face, place / f"{name}.ttf")
    for name, face in FACES.items():
        if not (place / f"{name}.woff2").is_file():
            cut(face, place / f"{name}.woff2")


def kept(build: Path) -> Path:
    """Where the letters are kept: under what they depend on, with the user's other caches."""
    made_by = [version(name) for name in ("fonttools", "brotli")]
    made_by += [version(f"fontpkg-{face.package}") for face in FACES.values()]
    parts = [repr(made_by), Path(__file__).read_text(encoding="utf-8")]
    key = hashlib.sha256("\0".join(parts).encode()).hexdigest()[:12]
    for folder in (Path(user_cache_dir("tinytorch-book")), build / ".fonts"):
        try:
            (folder / f"fonts-{key}").mkdir(parents=True, exist_ok=True)
            return folder / f"fonts-{key}"
        except OSError:
            continue
    raise PermissionError(f"neither a cache of the user nor {build} can be written")


def begin(app) -> None:
    build = Path(app.outdir).parent
    app.book_letters = kept(build)
    app.book_fonts = subprocess.Popen([sys.executable, __file__, str(app.book_letters)])

    profile = build / ".ipython" / "profile_default"
    profile.mkdir(parents=True, exist_ok=True)
    settings = Path(__file__).parents[1] / "book_cells" / "settings" / "ipython_kernel_config.py"
    shutil.copy(settings, profile)
    (profile / "letters").write_text(str(app.book_letters), encoding="utf-8")


def wait_for_drawing(app, env, docnames) -> None:
    """Before the first cell runs: what it draws is kept, whatever this build is for."""
    names = [name for name, face in FACES.items() if face.drawn]
    while not all((app.book_letters / f"{name}.ttf").is_file() for name in names):
        try:
            app.book_fonts.wait(0.05)
        except subprocess.TimeoutExpired:
            continue
        check(app)


def check(app) -> None:
    if app.book_fonts.wait():
        raise RuntimeError("the fonts could not be cut; what went wrong stands above")


def finish(app, exception) -> None:
    if exception:
        app.book_fonts.terminate()
        return
    check(app)
    if app.builder.format != "html":
        return
    target = Path(app.outdir) / "_static" / "fonts"
    target.mkdir(parents=True, exist_ok=True)
    for name in FACES:
        shutil.copy(app.book_letters / f"{name}.woff2", target)


def setup(app):
    app.connect("builder-inited", begin)
    app.connect("env-before-read-docs", wait_for_drawing, priority=400)
    app.connect("build-finished", finish, priority=400)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


if __name__ == "__main__":
    make(Path(sys.argv[1]))
