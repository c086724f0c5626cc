"""Slides of the notebooks: one HTML file each, which opens by double-click and asks no server for anything.

    python -m helpers.make.slides                # all, into build/slides/

A slide shows a result as large as fits, and below it a paragraph or two, never a part of one. The code that made it is
folded away (key c), the whole text stands in the speaker notes (key s). `?print-pdf` at the end of the address lays a
deck out for printing.
reveal.js and MathJax come out of packages (`pip install -e .[publish]`) and into each file.
"""

import html
import re
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple

import nbformat
from nbconvert.filters import ansi2html, markdown2html
from nbconvert.preprocessors import CoalesceStreamsPreprocessor
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

from helpers.make.notebooks import NOTEBOOKS
from helpers.photos import DATA

WORDS, FORMULA_WORDS = 70, 18  # the most text on a slide that shows more, and what a formula counts
CODE_LINES, RESULT_LINES = 14, 17  # the longest code and the longest printed result that a slide shows
DRAWS = re.compile(r"\bshow\.|\baxis\.|\baxes\b|\bplt\.|\bfig\b")
SILENT = re.compile(r"import |from |Explorer\(|assert ")  # not worth a slide without a result
LISTED = re.compile(r"^\s*([-*]|\d+\.) |^\||\$\$", re.MULTILINE)
FOLDER = Path(__file__).parent / "deck"


class Slide(NamedTuple):
    """What a slide consists of: HTML in the order in which it is shown, code to fold away, HTML of the notes."""

    heading: str
    column: bool
    comments: bool  # on what the slide before shows
    shown: list
    folded: list
    notes: list

    def words(self):
        return sum(words(page) for page in self.shown if not page.startswith(("<div", "<pre")))

    def has_result(self):
        return any(page.startswith(("<div", "<pre")) for page in self.shown)


def words(page):
    return len(re.sub("<.*?>", " ", page).split()) + FORMULA_WORDS * page.count("$$") // 2


def blocks(source):
    """The paragraphs of a text, without what is folded away; a list, a formula or what a colon announces stays with the
    paragraph before."""
    source = re.sub(r"<details>.*?</details>|!\[[^]]*\]\(attachment:[^)]*\)", "", source, flags=re.DOTALL)
    source = re.sub(r"^Time: .*$|^\*\*What you need.*$|^\*\*Right looks.*$", "", source, flags=re.MULTILINE)
    source = re.sub(r"  \((★|☆)+, \d+ minutes\)| · \d+ minutes$", "", source, flags=re.MULTILINE)
    # A long list is shown in parts.
    source = re.sub(r"(?:^- .*\n){8}(?=- )", r"\g<0>\n\n<!-- -->\n\n", source, flags=re.MULTILINE)
    return [block.strip() for part in re.split("^(#+ .*)$", source, flags=re.MULTILINE)
            for block in re.split(r"(?<!:)\n\s*\n(?!\s*(?:[-*]|\d+\.) |\$\$)", part)
            if block.strip() not in ("", "<!-- -->")]


def text(source):
    """Markdown as HTML; formulas stay as they are, for MathJax, and links become words."""
    page = markdown2html(source)
    return re.sub(r'<a class="anchor-link".*?</a>', "", re.sub(r'<a href="\.\..*?>(.*?)</a>', r"\1", page))


def code(source):
    return highlight(source, PythonLexer(), HtmlFormatter())


def result(output):
    """An output's HTML, or "" if it shows nothing."""
    data = output.get("data", {})
    if "text/html" in data:
        return f'<div class="figure">{"".join(data["text/html"])}</div>'
    printed = output.get("text", "") if output.get("name") == "stdout" else ""
    lines = "".join(printed).rstrip().splitlines()
    cut = [*lines[:RESULT_LINES], "…"] if len(lines) > RESULT_LINES else lines
    return f'<pre class="result">{ansi2html(chr(10).join(cut))}</pre>' if cut else ""


def slides(notebook):
    """The slides of a notebook."""
    made, pending = [], []

    def begin(heading, column=False, comments=False):
        made.append(Slide(heading, column, comments, [], [], []))
        return made[-1]

    def room_for(number):
        """The last slide, or a new one if that shows a result or too much to take so many words."""
        here = made[-1]
        return begin(here.heading) if here.has_result() or here.comments or here.words() + number > WORDS else here

    for cell in CoalesceStreamsPreprocessor().preprocess(notebook, {})[0].cells:
        if cell.cell_type == "markdown":
            for number, block in enumerate(blocks(cell.source)):
                if heading := re.match(r"(#+) (.*)", block):
                    begin(text(heading[2]).removeprefix("<p>").removesuffix("</p>"), len(heading[1]) < 3)
                    continue
                here, page = made[-1], text(block)
                fits = len(made) == 1 or not here.shown or here.words() + words(page) <= WORDS
                if fits or number < 2 or "**" in block or LISTED.search(block):
                    here = here if fits else begin(here.heading, comments=here.has_result())
                    here.shown.append(page)
                here.notes.append(page)
            continue
        source = re.sub(r"[ \t]*### (BEGIN|END) SOLUTION\n?", "", cell.source).rstrip()
        shown = [page for page in map(result, cell.outputs) if page]
        if source.startswith("check.") or SILENT.match(source) and not shown:
            continue
        lines = source.splitlines()
        if not shown and (source != cell.source.rstrip() or DRAWS.search(source) or len(lines) > CODE_LINES):
            pending.append(source)  # a solution, too, is to be asked for
            continue
        if not shown:
            room_for(WORDS / 2).shown.append(code(source))
            continue
        drawn = any('class="figure' in page for page in shown)
        here = room_for(0)
        if not drawn and len(lines) + 2 * len(shown[0].splitlines()) <= CODE_LINES and here.words() < WORDS / 2:
            shown = [code(source), *shown]
        here.shown[:0] = shown if drawn else []
        here.shown.extend([] if drawn else shown)
        here.folded.extend([*pending, source])
        pending.clear()
    return made


def page_of(slide):
    """The HTML of a slide."""
    title = "h1" if slide.column and not slide.shown else "h2" if slide.column else "h3"
    fold = f"<details><summary>code</summary>{code(chr(10).join(slide.folded))}</details>" if slide.folded else ""
    notes = f'<aside class="notes">{"".join(slide.notes)}</aside>' if slide.notes else ""
    return f"<section><{title}>{slide.heading}</{title}>{''.join(slide.shown)}{fold}{notes}</section>\n"


def deck(notebook, title):
    """The HTML of a notebook's deck."""
    reveal, mathjax = files("sphinx_revealjs") / "_static/revealjs", files("mathjax") / "static/mathjax/es5/tex-svg.js"
    sections = ""
    for slide in slides(notebook):
        sections += ("</section>\n<section>\n" if slide.column and sections else "") + page_of(slide)
    scripts = [FOLDER / "before.js", mathjax, reveal / "dist/reveal.js", reveal / "plugin/notes/notes.js",
               FOLDER / "deck.js"]
    fill = {
        "title": html.escape(title),
        "style": "\n".join([(reveal / "dist/reveal.css").read_text(encoding="utf-8"),
                            HtmlFormatter(style="friendly").get_style_defs(".highlight"),
                            (FOLDER / "deck.css").read_text(encoding="utf-8")]),
        "script": ";\n".join(file.read_text(encoding="utf-8").replace("</script", r"<\/script") for file in scripts),
        "slides": f"<section>\n{sections}</section>",
    }
    return re.sub(r"\{\{(\w+)\}\}", lambda found: fill[found[1]], (FOLDER / "deck.html").read_text(encoding="utf-8"))


def main(folder=DATA.parent / "build" / "slides"):
    folder.mkdir(parents=True, exist_ok=True)
    for path in sorted(NOTEBOOKS.glob("*.ipynb")):
        page = folder / f"{path.stem}.html"
        page.write_text(deck(nbformat.read(path, as_version=4), path.stem), encoding="utf-8")
        print(page)


if __name__ == "__main__":
    main()
