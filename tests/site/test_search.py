"""What people ask leads to the section that is about it, among the first three."""

import functools
import json

import pytest
from book_found.search import engine

from .queries import QUERIES

pytestmark = pytest.mark.slow


@functools.cache
def searched(index: str):
    made = engine()
    made.eval(index)
    made.eval("const ask = (query) => JSON.stringify(BookSearch.find(window.BOOK_INDEX, query))")
    return made


@pytest.fixture(scope="module")
def ask(published):
    """The places that a query finds, as `page#section`, best first."""
    index = (published / "searchindex.js").read_text(encoding="utf-8")

    def asked(query: str) -> list[str]:
        found = json.loads(searched(index).call("ask", query))
        return [f"{each['page']}#{each['place']}" for each in found]

    return asked


@pytest.mark.parametrize("query", QUERIES)
def test_a_question_finds_its_section(query, ask, published):
    wanted = QUERIES[query]
    wanted = [wanted] if isinstance(wanted, str) else wanted
    found = ask(query)[:3]
    places = {each if "#" in each else each.partition("#")[0] for each in found}
    places |= {each.partition("#")[0] for each in found}
    assert places & set(wanted), found


def test_every_place_that_is_wanted_is_there(ask, published):
    for wanted in QUERIES.values():
        for address in [wanted] if isinstance(wanted, str) else wanted:
            page, _, place = address.partition("#")
            text = (published / f"{page}.html").read_text(encoding="utf-8")
            assert not place or f'id="{place}"' in text, address


def test_nothing_is_found_for_nothing(ask):
    assert ask("") == []
    assert ask("xylophone quartz") == []
