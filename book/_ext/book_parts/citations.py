"""The list of references names an entry as the text does, and says what of the work we saw."""

from pybtex.database import Entry
from pybtex.plugin import register_plugin
from pybtex.style.formatting.alpha import Style
from pybtex.style.labels import BaseLabelStyle

SEEN = {
    "text": "Seen: what is cited.",
    "abstract": "Seen: the abstract; what is cited beyond it is from memory.",
    "quoted": "Not seen by us; cited for what others quote of it.",
    "unseen": "Not seen when this list was checked; cited from memory.",
}


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

    def format_entry(self, label, entry, bib_data=None):
        """The entry, with what its field `seen` says in words, and then its own note."""
        shown = Entry(entry.type, entry.fields, entry.persons)
        shown.key = entry.key
        said = [SEEN[entry.fields["seen"]], entry.fields.get("note")]
        shown.fields["note"] = " ".join(filter(None, said))
        return super().format_entry(label, shown, bib_data)


def setup(app):
    register_plugin("pybtex.style.formatting", "as_cited", References)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
