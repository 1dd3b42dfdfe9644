"""Figures with a slider: every position is a run that was made beforehand, by the real optimizer.

All positions stand in one SVG; the slider shows one of them and hides the others. That is all that
happens in the reader's browser: nothing is computed there, and nothing is loaded.
"""

import hashlib
import html
import io
import json
import re
from string import Template

import matplotlib.pyplot as plt

from tinytorch.lab.style import SETTINGS

PAGE = Template("""\
<div class="slider-figure" id="$name" role="group" aria-label="$alt">
$svg
<label style="display:flex;gap:.75em;align-items:center">
<span>$label</span>
<input type="range" min="0" max="$last" value="$start" step="1" style="flex:1"
 aria-valuetext="$shown"><output style="min-width:4em">$shown</output>
</label>
<script>
(() => {
  const root = document.getElementById("$name"), input = root.querySelector("input");
  const texts = $texts, shapes = root.querySelectorAll("[data-position]");
  input.addEventListener("input", () => {
    for (const shape of shapes)
      shape.style.display = shape.dataset.position == input.value ? "inline" : "none";
    root.querySelector("output").textContent = texts[input.value];
    input.setAttribute("aria-valuetext", texts[input.value]);
  });
})();
</script>
</div>
""")


def rounded(attribute: re.Match) -> str:
    """Coordinates to a tenth of a point, less than a reader can see."""
    return re.sub(r"-?\d+\.\d+", lambda number: f"{float(number[0]):.1f}", attribute[0])


class Slider:
    """A figure with a slider, for a notebook to show.

    Arguments:
        axes: matplotlib axes with all that does not change.
        draw: called as `draw(axes, value)` for each value; what it adds to the axes, or to others
            of the same figure, belongs to that position of the slider.
        values: the positions, in order.
        label: what the slider changes, such as "momentum β".
        alt: what the figure shows, for those who do not see it.
        start: index of the position that is shown first.
        format: how a value is written beside the slider.

    Raises:
        ValueError: no values, or `start` is not the index of one.
    """

    def __init__(self, axes, draw, values, *, label: str, alt: str, start=0, format="{:g}"):
        values = list(values)
        if not 0 <= start < len(values):
            raise ValueError(f"start must be an index into {len(values)} values, got {start!r}")
        self.label, self.alt, self.start = label, alt, start
        self.texts = [format.format(value) for value in values]
        digest = hashlib.sha256(f"{label}{alt}{self.texts}".encode())
        self.name = f"slider-{digest.hexdigest()[:8]}"
        panels = axes.figure.axes
        for contours in (c for panel in panels for c in panel.collections):
            contours.set_rasterized(True)  # as shapes they would weigh more than all runs
        for i, value in enumerate(values):
            before = {artist for panel in panels for artist in panel.get_children()}
            draw(axes, value)
            now = [artist for panel in panels for artist in panel.get_children()]
            for n, artist in enumerate(artist for artist in now if artist not in before):
                artist.set_gid(f"{self.name}-{i}-{n}")
        self.svg = self._render(axes.figure)
        plt.close(axes.figure)

    def _render(self, figure) -> str:
        file = io.StringIO()
        with plt.rc_context({**SETTINGS, "svg.fonttype": "none", "svg.hashsalt": self.name}):
            figure.savefig(file, format="svg", metadata={"Date": None, "Creator": None})
        svg = file.getvalue()
        svg = svg[svg.index("<svg") :]
        svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.S)
        svg = re.sub(r'(<svg[^>]*?) width="[^"]*"', r'\1 width="100%"', svg, count=1)
        svg = re.sub(r'(<svg[^>]*?) height="[^"]*"', r'\1 aria-hidden="true"', svg, count=1)
        svg = re.sub(r' (?:d|x|y)="[^"]*"', rounded, svg)
        svg = re.sub(rf'<g id="{self.name}-(\d+)-\d+">', self._marked, svg)
        drawn = {int(i) for i in re.findall(r'data-position="(\d+)"', svg)}
        for i, text in enumerate(self.texts):
            if i not in drawn:
                raise ValueError(f"draw must add something to the axes; at {text} it did not")
        return svg

    def _marked(self, group: re.Match) -> str:
        """The group of an artist, with the position that it belongs to; shown at the first only."""
        shown = "inline" if int(group[1]) == self.start else "none"
        return f'<g data-position="{group[1]}" style="display:{shown}">'

    def _repr_html_(self) -> str:
        return PAGE.substitute(
            name=self.name,
            alt=html.escape(self.alt, quote=True),
            svg=self.svg,
            label=html.escape(self.label),
            last=len(self.texts) - 1,
            start=self.start,
            shown=html.escape(self.texts[self.start]),
            texts=json.dumps(self.texts),
        )
