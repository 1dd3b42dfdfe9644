"""A pruned style sheet styles every page as the whole one does."""

import re
from types import SimpleNamespace

import pytest
import tinycss2
from book_light import styles

WORDS = {"used", "also-used"}


@pytest.mark.parametrize(
    ("sheet", "kept"),
    [
        (".used{a:b}", ".used{a:b}"),
        (".unused{a:b}", ""),
        (".used .unused{a:b}", ""),
        (".unused,.used > p{a:b}", ".used > p{a:b}"),
        (":is(.unused,.used) p{a:b}", ":is(.unused,.used) p{a:b}"),
        (".used:not(.unused:is(.gone)){a:b}", ".used:not(.unused:is(.gone)){a:b}"),
        (".used.unused{a:b}", ""),
        ('[a=".unused"]{a:b}', '[a=".unused"]{a:b}'),
        ("html,body{a:b}", "html,body{a:b}"),
        ("@media print{.used{a:b}.unused{a:b}}", "@media print{.used{a:b}}"),
        ("@media print{.unused{a:b}}", ""),
        ("@font-face{src:url(x.woff2)}", "@font-face{src:url(x.woff2)}"),
        ("@keyframes turn{0%{a:b}to{a:c}}", "@keyframes turn{0%{a:b}to{a:c}}"),
        (".used{background:url(a.svg)}", ".used{background:url(a.svg)}"),
    ],
)
def test_what_no_page_uses_is_left_out(sheet, kept):
    assert styles.pruned(tinycss2.parse_stylesheet(sheet), WORDS) == kept


def test_a_property_that_nothing_reads_is_left_out():
    """Nor what only such a property reads; not for a colon in a name, a text or an address."""
    one = (
        'p{--kept:var(--of-kept);--gone:url("data:a;b}");--of-kept:1;--in-script:2}'
        ".a--gone:hover{--last:var(--gone)}"
    )
    two = "q{color:var( --kept );--over:var(--last)}"
    less = styles.read_only({1: one, 2: two}, {"--in-script"})
    assert less == {
        1: "p{--kept:var(--of-kept);--of-kept:1;--in-script:2}.a--gone:hover{}",
        2: "q{color:var( --kept );}",
    }


LINKS = """<link href="{0}_static/a/one.css?v=1" rel="stylesheet" />
<link rel="stylesheet" type="text/css" href="{0}_static/two.css" />
<link rel="stylesheet" href="https://elsewhere.org/three.css" />
"""


def test_a_page_asks_for_one_sheet_that_does_what_many_did(tmp_path):
    """Also when it is not written anew in the next build."""
    static, app = tmp_path / "_static", SimpleNamespace(outdir=tmp_path)
    app.builder = SimpleNamespace(name="html")
    for name, text in {
        "a/one.css": '@import "../b/base.css"; p{a:url(x.png)}',
        "b/base.css": "q{a:url('y.png')}",
        "two.css": "p{b:url(data:z)}",
    }.items():
        (static / name).parent.mkdir(parents=True, exist_ok=True)
        (static / name).write_text(text)
    pages = {tmp_path / "index.html": "", tmp_path / "in/page.html": "../"}
    (tmp_path / "in").mkdir()
    for page, up in pages.items():
        page.write_text(LINKS.format(up))
    styles.bundle(app, None)
    (one,) = static.glob("all-*.css")
    text = one.read_text()
    assert [text.index(rule) for rule in ("q{a:url(b/y.png)}", "p{a:url(a/x.png)}", "url(data:z)")]
    assert text.index("q{") < text.index("p{a") < text.index("p{b")
    (static / "two.css").write_text("p{b:c}")
    (tmp_path / "index.html").write_text(LINKS.format(""))
    styles.bundle(app, None)
    assert "p{b:c}" in one.read_text()
    found = [re.findall(r'href="([^h"][^"]*)"', page.read_text()) for page in pages]
    assert [len(links) for links in found] == [1, 1]
    assert found[1][0] == "../" + found[0][0], "the same version on both pages"
    assert "https://elsewhere.org" in (tmp_path / "index.html").read_text()
    one.write_text(one.read_text() + ".unused{d:e}")
    styles.prune(app, None)  # which goes before it, in a build that writes no page anew
    styles.bundle(app, None)
    assert "unused" not in one.read_text()
    assert "p{b:c}" in one.read_text()
