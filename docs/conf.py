"""Sphinx settings. Built by `nox -s docs`, where every warning is an error."""

from __future__ import annotations

import tempfile
from importlib.metadata import version as installed
from pathlib import Path
from typing import Any

from docutils.nodes import SkipNode
from docutils.utils.math import latex2mathml

project = "digilitt"
author = "The digilitt authors"
project_copyright = "2026, The digilitt authors"
version = release = installed("digilitt")

extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx.ext.viewcode"]
exclude_patterns = ["_build"]
nitpicky = True
# Docstrings describe types in words ("data frame of items") and name types of other libraries;
# only our own names can and must resolve. Roles other than types are checked whatever they name.
nitpick_ignore_regex = [("py:(class|obj|data)", r"(?!digilitt\.).*")]

autodoc_default_options = {"members": True, "member-order": "bysource"}
autodoc_typehints = "none"
napoleon_google_docstring = False
napoleon_custom_sections = ["Checked against"]
napoleon_use_ivar = True
napoleon_use_rtype = False

myst_enable_extensions = ["colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3
nb_execution_mode = "force"
nb_execution_in_temp = True
nb_execution_raise_on_error = True
nb_execution_timeout = 180

html_theme = "pydata_sphinx_theme"
html_title = f"digilitt {release}"
html_static_path = ["_static"]
html_css_files = ["digilitt.css"]
html_show_sourcelink = False
# No sidebar: code and tables need the room, and each section has an index page.
html_sidebars = {"**": []}
html_math_renderer = "mathml"

HERE = Path(__file__).parent
# Notebooks run in temporary folders. Below the project, one can find the data of the tests.
(HERE / "_build").mkdir(exist_ok=True)
tempfile.tempdir = str(HERE / "_build")


def copy_notebooks(_app: object) -> None:
    """Put the notebooks where Sphinx looks for pages; git ignores the copies."""
    for source in sorted((HERE.parent / "notebooks").glob("*.ipynb")):
        target = HERE / "tutorials" / source.name
        if not target.exists() or target.read_bytes() != source.read_bytes():
            target.write_bytes(source.read_bytes())


def write_mathml(translator: Any, node: Any) -> None:
    """Formulas as MathML, which browsers show by themselves: no script, no network."""
    block = node.tagname == "math_block"
    translator.body.append(latex2mathml.tex2mathml(node.astext(), as_block=block))
    raise SkipNode


def setup(app: Any) -> None:
    """Connect the two additions above."""
    app.connect("builder-inited", copy_notebooks)
    app.add_html_math_renderer("mathml", (write_mathml, None), (write_mathml, None))
