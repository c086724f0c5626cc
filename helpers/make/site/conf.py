"""Sphinx's settings for the course's site; `python -m helpers.make.publish` builds it."""

import os

project = html_title = "Looking inside neural networks"
author = copyright = 'the authors of "Looking inside neural networks"'
extensions = ["myst_nb"]
root_doc = "index"
nb_execution_mode = "off"
nb_merge_streams = True
myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 3
suppress_warnings = ["mystnb.unknown_mime_type", "myst.header", "myst.xref_missing"]
html_theme = "sphinx_book_theme"
html_static_path = [os.environ["COURSE_STATIC"]]
mathjax_path = "tex-svg.js"
html_extra_path = [os.environ["COURSE_EXTRA"]]
html_css_files = ["course.css"]
html_copy_source = html_show_sourcelink = False
html_show_search_summary = False  # it would fetch pages, which a browser refuses for files
html_context = {"default_mode": "auto"}
html_theme_options = {
    "repository_url": os.environ["COURSE_REPOSITORY"],
    "repository_branch": "main",
    "path_to_docs": "",
    "use_repository_button": True,
    "use_download_button": False,
    "launch_buttons": {"binderhub_url": "https://mybinder.org", "colab_url": "https://colab.research.google.com",
                       "notebook_interface": "jupyterlab"},
    "show_toc_level": 2,
    "home_page_in_toc": True,
    "navbar_persistent": [],  # the sidebar has the search
}


def launch_labs(app, page, template, context, document):
    """Binder and Colab open the students' version, which brings the course along."""
    for group in context.get("header_buttons", []):
        for button in group["buttons"] if group["type"] == "group" else []:
            if "binder" in button.get("url", "") or "colab" in button.get("url", ""):
                button["url"] = button["url"].replace("/notebooks/", "/labs/")


def setup(app):
    app.connect("html-page-context", launch_labs, priority=502)  # after the theme's own
