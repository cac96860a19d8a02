"""Settings of Sphinx. `build.py` runs it on the pages that `staging.py` takes out of the repository."""

from __future__ import annotations

from pathlib import Path

project = "sdkpress"
extensions = ["myst_parser", "sphinx_copybutton"]
root_doc = "index"
nitpicky = True

# Pages are plain Markdown, for readers in the repository as well: nothing of MyST but the toctree
# that staging adds may mean anything in them.
myst_heading_anchors = 6  # as code hosts make them
myst_disable_syntax = ["myst_block_break", "myst_line_comment", "myst_role", "myst_target"]


html_theme = "furo"
html_title = "sdkpress"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_search_scorer = str(Path(__file__).with_name("scorer.js"))
html_favicon = "static/icon.svg"
html_copy_source = False
html_show_sourcelink = False
html_show_copyright = False
html_show_sphinx = False
html_use_index = False
html_domain_indices = False
html_permalinks_icon = "#"
html_theme_options = {
    "navigation_with_keys": True,
    "light_css_variables": {
        "color-brand-primary": "#0550ae",
        "color-brand-content": "#0550ae",
        "color-brand-visited": "#0550ae",
    },
    "dark_css_variables": {
        "color-brand-primary": "#79c0ff",
        "color-brand-content": "#79c0ff",
        "color-brand-visited": "#79c0ff",
    },
}
pygments_style = "github-light"
pygments_dark_style = "github-dark"
copybutton_prompt_text = "$ "
copybutton_only_copy_prompt_lines = True
