"""The repository's address: from the environment, the clone, or the configuration."""

import subprocess
from pathlib import Path

import pytest
from book_build.report import Refused
from book_launch import address
from book_launch.address import Repository

CONFIGURED = "https://github.com/mlsysbook/TinyTorch"


@pytest.fixture(autouse=True)
def _no_variables(monkeypatch):
    for variable in address.VARIABLES:
        monkeypatch.delenv(variable, raising=False)


@pytest.mark.parametrize(
    "text",
    [
        "ada/torch.py",
        "https://github.com/ada/torch.py",
        "https://github.com/ada/torch.py.git",
        "git@github.com:ada/torch.py.git",
        "https://github.com/ada/torch.py/",
    ],
)
def test_a_repository_is_named_in_many_ways(text):
    assert Repository.parse(text) == Repository("ada", "torch.py")


@pytest.mark.parametrize("text", ["", "torch", "https://gitlab.com/ada/torch", "/home/ada/torch"])
def test_other_places_are_not_taken_for_github(text):
    assert Repository.parse(text) is None


def clone(folder, remote):
    subprocess.run(["git", "init", "-q", folder], check=True)
    if remote:
        subprocess.run(["git", "-C", folder, "remote", "add", "origin", remote], check=True)


def test_the_environment_comes_before_the_clone(tmp_path, monkeypatch):
    clone(tmp_path, "git@github.com:ada/fork.git")
    assert address.find(CONFIGURED, tmp_path) == (Repository("ada", "fork"), "")
    monkeypatch.setenv("GITHUB_REPOSITORY", "bob/runner")
    assert address.find(CONFIGURED, tmp_path) == (Repository("bob", "runner"), "")
    monkeypatch.setenv("TINYTORCH_REPOSITORY", "https://github.com/eve/named")
    assert address.find(CONFIGURED, tmp_path) == (Repository("eve", "named"), "")


@pytest.mark.parametrize("remote", [None, "https://gitlab.com/ada/torch.git", "/somewhere/else"])
def test_without_a_remote_on_github_the_configured_one_counts_and_it_is_said(tmp_path, remote):
    clone(tmp_path, remote)
    found, remark = address.find(CONFIGURED, tmp_path)
    assert found == Repository("mlsysbook", "TinyTorch")
    assert remark.endswith(f"links lead to {CONFIGURED}")
    assert "\n" not in remark


def test_without_git_the_configured_one_counts(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    found, remark = address.find(CONFIGURED, tmp_path)
    assert found == Repository("mlsysbook", "TinyTorch")
    assert remark.startswith("git is not installed")


def test_a_variable_that_names_nothing_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("TINYTORCH_REPOSITORY", "torch")
    with pytest.raises(Refused, match="TINYTORCH_REPOSITORY is 'torch'"):
        address.find(CONFIGURED, tmp_path)


def test_the_site_of_a_user_has_no_folder():
    assert Repository("ada", "ada.github.io").site == "https://ada.github.io/"
    assert Repository("ada", "torch").site == "https://ada.github.io/torch/"


def test_the_files_that_github_shows_name_the_configured_repository():
    root = Path(__file__).parents[2]
    found = Repository.parse(CONFIGURED)
    assert f"url: {CONFIGURED}\n" in (root / "_config.yml").read_text()
    assert f"repository-code: {CONFIGURED}\n" in (root / "CITATION.cff").read_text()
    notebook = "notebooks/book/start.ipynb"
    readme = (root / "README.md").read_text(encoding="utf-8")
    for link in (found.site, found.binder(notebook), found.colab(notebook)):
        assert f"]({link})" in readme
