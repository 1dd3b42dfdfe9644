"""A pruned style sheet styles every page as the whole one does."""

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
