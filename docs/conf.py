"""Sphinx settings. Built by `nox -s docs`, where every warning is an error."""

from __future__ import annotations

from importlib.metadata import version as installed

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
