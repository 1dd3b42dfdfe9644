"""The search's own script, in V8: which section comes first."""

import json

import pytest
from book_found import search
from docutils import nodes
from sphinx import addnodes

SECTIONS = [
    {"page": "a", "place": "", "title": "Momentum", "text": "A ball that rolls keeps its speed."},
    {"page": "b", "place": "x", "title": "The ball", "text": "Momentum is named once here."},
    {"page": "c", "place": "", "title": "Schedules", "text": "CosineAnnealingLR decays."},
    {"page": "d", "place": "", "title": "Noise", "text": "batches batches", "asked": "minibatch"},
    {"page": "e", "place": "", "title": "Bias", "text": "The correction of averages"},
    {"page": "f", "place": "", "title": "Bias", "text": "Nothing is put right."},
]


@pytest.fixture(scope="module")
def ask():
    return asked(search.engine())


def asked(made):
    made.eval(f"const INDEX = BookSearch.index({json.dumps(SECTIONS)})")
    made.eval("const ask = (q, typing) => BookSearch.find(INDEX, q, typing).map((f) => f.page)")
    return lambda query, typing=False: list(made.call("ask", query, typing))


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("momentum", ["a", "b"]),  # a title before a text
        ("MOMENTUM!", ["a", "b"]),
        ("what is the momentum", ["a", "b"]),  # words that everyone uses do not count
        ("mometnum", ["a", "b"]),  # two letters turned
        ("cosine", ["c"]),  # a part of a name
        ("cosineannealinglr", ["c"]),
        ("minibatches", ["d"]),  # what it is asked by, in another form
        ("bias corrections", ["e", "f"]),  # both words before one
        ("zebra", []),
        ("", []),
    ],
)
def test_what_is_asked_for_comes_first(query, first, ask):
    assert ask(query) == first


def test_while_it_is_typed_a_beginning_is_enough(ask):
    assert ask("mome") == []
    assert ask("mome", True) == ["a", "b"]


def test_another_sphinx_may_bring_another_stemmer(monkeypatch):
    """Newer ones keep the English one in files beside all others."""
    monkeypatch.setattr(search.SearchEnglish, "js_stemmer_rawcode", "porter-stemmer.js")
    monkeypatch.setattr(search.SearchEnglish, "language_name", "Porter")
    assert "BaseStemmer" in search.script()
    assert asked(search.engine())("minibatches") == ["d"]


@pytest.mark.parametrize(
    ("latex", "text"),
    [
        (r"\beta_2 = 0.999", "β₂ = 0.999"),
        (r"1-\beta_1^t", "1 − β₁ᵗ"),
        (r"\eta\lambda < 2 + 2\beta", "ηλ < 2 + 2β"),
        (r"10^{-6}", "10⁻⁶"),
        (r"\sqrt\kappa", "√κ"),
        (r"-\log n", "−log n"),
        (r"\frac{a}{b+c}", "…"),  # the bar would be lost, and so the brackets
        (r"\sqrt{a+b}", "…"),
        (r"x^{ab}", "…"),  # no such letters
        (r"(1+a)^2", "(1 + a)²"),
        (r"\hat m", "…"),
        (r"\begin{matrix}1\\2\end{matrix}", "…"),
    ],
)
def test_a_formula_is_one_line_of_text_or_three_points(latex, text, tmp_path):
    assert search.line(tmp_path, latex) == text


def test_an_excerpt_has_formulas_and_names_and_the_index_has_no_formula(tmp_path):
    source = addnodes.pending_xref("", nodes.inline("", "polyak1964"), refdomain="cite")
    source["reftarget"] = "polyak1964"
    text = nodes.paragraph("", "With ")
    text += [nodes.math("", r"\beta"), nodes.Text(" by "), source]
    records = search.Records({"polyak1964": "Polyak, 1964"}, tmp_path)
    record = records.add("", "Momentum")
    records.walk(text, record)
    assert search.excerpt(record) == "With β by Polyak, 1964"
    assert record["text"].split() == ["With", "…", "by", "Polyak,", "1964"]
