"""What a build remembers of earlier ones: texts that follow from their keys, or nothing."""

import sys

import pytest

from tests.book.conftest import ROOT

sys.path.insert(0, str(ROOT / "book" / "_ext"))

from book_build import remembered


def test_a_text_is_made_once_for_each_key(tmp_path):
    made = []

    def make(text):
        made.append(text)
        return text

    for key in ("a", "b", "a"):
        for what in ("styles", "math"):
            text = f"{what} of {key}\r\n"  # a line ending comes back as it was
            got = remembered.remember(tmp_path, what, key, lambda text=text: make(text))
            assert got == text
    assert len(made) == 4


def test_what_fails_is_not_remembered(tmp_path):
    def refuse():
        raise ValueError("not TeX")

    for _ in range(2):
        with pytest.raises(ValueError, match="not TeX"):
            remembered.remember(tmp_path, "math", "x", refuse)
    assert remembered.remember(tmp_path, "math", "x", lambda: "1") == "1"


def test_a_file_that_was_not_finished_is_not_read(tmp_path, monkeypatch):
    def killed(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(type(tmp_path), "replace", killed)
        with pytest.raises(KeyboardInterrupt):
            remembered.remember(tmp_path, "math", "x", lambda: "1" * 100)
    assert remembered.remember(tmp_path, "math", "x", lambda: "2") == "2"


def test_the_caches_know_where_a_file_stands(tmp_path):
    """The same contents under other names, or in other folders, are another state."""
    prints = set()
    for place in ("a/x.py", "b/x.py", "a/y.py"):
        folder = tmp_path / place.replace("/", "-")
        (folder / place).parent.mkdir(parents=True)
        (folder / place).write_text("same")
        folder.rename(tmp_path / "package")
        prints.add(remembered.fingerprint(remembered.files(tmp_path / "package"), words={}))
        (tmp_path / "package").rename(folder)
    assert len(prints) == 3
