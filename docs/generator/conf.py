# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sphinx's configuration of the documentation site; docs/generator/docsite.py lays it beside the pages."""

from __future__ import annotations

project = "pathguard.network"
copyright = "PathGuard developers, GPL-3.0-or-later"  # noqa: A001 - Sphinx's name
title = html_title = "PathGuard"
extensions = ["myst_parser", "sphinx_antsibull_ext"]
source_suffix = {".rst": "restructuredtext", ".md": "markdown"}
html_theme = "furo"
# The site is read from a folder as well as from a server, and fetches nothing.
html_copy_source = False
html_show_sourcelink = False
html_theme_options = {"navigation_with_keys": True}
# Anchors as GitHub makes them, so that links work in both places.
myst_heading_anchors = 4
myst_enable_extensions = ["attrs_inline"]
highlight_language = "text"
# Plugins of other collections are named, and have no page here; a block may stop in the middle of an output.
suppress_warnings = ["misc.highlighting_failure"]
