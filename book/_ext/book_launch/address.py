"""Where the book lives: one repository, and every address that follows from it.

`_config.yml` names the repository. The environment (TINYTORCH_REPOSITORY, else GITHUB_REPOSITORY,
which GitHub's own runners set) or the clone's `origin` puts another in its place, so that the
buttons of a fork lead to the fork.
"""

import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from book_build.report import Refused
from sphinx.util import logging

logger = logging.getLogger(__name__)

PUBLISHED = "gh-pages"  # the branch that the launch links and GitHub Pages use
VARIABLES = ("TINYTORCH_REPOSITORY", "GITHUB_REPOSITORY")
NAME = re.compile(r"(?:^|github\.com[/:])([\w.-]+)/([\w.-]+?)(?:\.git)?/?$")


@dataclass(frozen=True)
class Repository:
    owner: str
    name: str

    @classmethod
    def parse(cls, text: str) -> "Repository | None":
        """The repository that `owner/name` or an address on GitHub names, or None."""
        match = NAME.search(text.strip())
        return cls(*match.groups()) if match else None

    @property
    def url(self) -> str:
        return f"https://github.com/{self.owner}/{self.name}"

    @property
    def site(self) -> str:
        if self.name.lower() == f"{self.owner}.github.io".lower():
            return f"https://{self.owner}.github.io/"
        return f"https://{self.owner}.github.io/{self.name}/"

    def binder(self, path: str) -> str:
        launch = f"https://mybinder.org/v2/gh/{self.owner}/{self.name}/{PUBLISHED}"
        return f"{launch}?urlpath=lab/tree/{path}"

    def colab(self, path: str) -> str:
        colab = "https://colab.research.google.com/github"
        return f"{colab}/{self.owner}/{self.name}/blob/{PUBLISHED}/{path}"

    def raw(self, path: str) -> str:
        return f"https://raw.githubusercontent.com/{self.owner}/{self.name}/{PUBLISHED}/{path}"


def origin(folder: Path) -> str:
    """The address of the clone's `origin`, or why there is none."""
    command = ["git", "-C", str(folder), "remote", "get-url", "origin"]
    try:
        asked = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)
    except OSError:
        return "git is not installed"
    return asked.stdout.strip() or "this is not a clone with a remote"


def find(configured: str, folder: Path) -> tuple[Repository | None, str]:
    """The repository that the links lead to; a line to say if that is the configured one."""
    for variable in VARIABLES:
        given = os.environ.get(variable)
        if given:
            found = Repository.parse(given)
            if found is None:
                raise Refused(f"{variable} is {given!r}; it must be owner/name on GitHub")
            return found, ""
    remote = origin(folder)
    found = Repository.parse(remote) if "github.com" in remote else None
    if found:
        return found, ""
    why = remote if " " in remote else f"the remote {remote} is not on GitHub"
    return Repository.parse(configured), f"{why}; links lead to {configured}"


def settle(app, config) -> None:
    options = config.html_theme_options
    repository, remark = find(options.get("repository_url", ""), Path(app.srcdir))
    if remark:
        logger.info("repository: %s", remark)
    if repository is None:
        raise Refused("repository.url in _config.yml must be an address on GitHub")
    app.book_repository = repository
    options["repository_url"] = repository.url
    config.html_baseurl = config.html_baseurl or repository.site
    config.ogp_site_url = config.html_baseurl


def list_pages(app, exception) -> None:
    """The site's map: every page, also those that this build had no reason to write."""
    if exception or app.builder.name != "html":
        return
    root = ElementTree.Element("urlset", xmlns="http://www.sitemaps.org/schemas/sitemap/0.9")
    for name in sorted(app.env.found_docs):
        address = app.config.html_baseurl + app.builder.get_target_uri(name)
        page = ElementTree.SubElement(root, "url")
        ElementTree.SubElement(page, "loc").text = re.sub(r"/index\.html$", "/", address)
    ElementTree.indent(root)
    ElementTree.ElementTree(root).write(Path(app.outdir) / "sitemap.xml", "utf-8", True)


def setup(app):
    app.connect("config-inited", settle, priority=100)
    app.connect("build-finished", list_pages)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
