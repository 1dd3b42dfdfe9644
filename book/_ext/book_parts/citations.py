"""The list of references names an entry as the text does: Lessard et al., 2016."""

from pybtex.plugin import register_plugin
from pybtex.style.formatting.alpha import Style
from pybtex.style.labels import BaseLabelStyle


def surnames(entry) -> str:
    """One or two names, or the first of more."""
    people = entry.persons.get("author") or entry.persons.get("editor", [])
    names = [
        " ".join(map(str, person.rich_prelast_names + person.rich_last_names)) for person in people
    ]
    if not names:
        return entry.fields.get("organization", entry.key)
    return f"{names[0]} et al." if len(names) > 2 or "others" in names else " and ".join(names)


class AsCited(BaseLabelStyle):
    def format_labels(self, sorted_entries):
        for entry in sorted_entries:
            yield f"{surnames(entry)}, {entry.fields.get('year', 'no year')}"


class References(Style):
    default_label_style = AsCited


def setup(app):
    register_plugin("pybtex.style.formatting", "as_cited", References)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
