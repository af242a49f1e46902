"""The documentation site: ``npm run docs`` builds it. Pages of rules and settings are made of what the program uses."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

from fxlens import __version__
from fxlens.checks import RULES

HERE = Path(__file__).parent
ROOT = HERE.parent
RULE_PAGES = ROOT / "server" / "fxlens" / "checks" / "documentation"
GENERATED = HERE / "generated"

project = "FX Lens"
author = "The FX Lens authors"
project_copyright = "The FX Lens authors"
release = version = __version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx_click"]
myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 3
source_suffix = {".md": "markdown"}
exclude_patterns = ["_build"]
nitpicky = False
autodoc_typehints = "both"
# Parameters that their class describes in a sentence are not listed again: the signature has their types.
autodoc_typehints_description_target = "documented"
maximum_signature_line_length = 90
python_display_short_literal_types = True
autodoc_member_order = "bysource"
html_theme = "furo"
html_title = "FX Lens"
html_logo = "../client/media/icon.svg"
html_favicon = "../client/media/icon.svg"
html_static_path = ["style"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sphinx = False
html_theme_options = {
    "source_repository": "https://github.com/fxlens/fxlens/",
    "source_branch": "main",
    "source_directory": "docs/",
}


def _write(name: str, text: str) -> None:
    path = GENERATED / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _rules() -> None:
    rows = "\n".join(
        f"| [`{code}`](rules/{code}.md) | {rule.severity} | {rule.summary} |" for code, rule in RULES.items()
    )
    names = "\n".join(f"rules/{code}" for code in RULES)
    _write(
        "rules.md",
        "# Rules\n\n"
        "`# fxlens: ignore[unknown-node]` at the end of a line silences a rule there; of a call, at its first or last\n"
        "line. `[tool.fxlens]` of `pyproject.toml`, the setting `fxlens.severity` and the option `--severity` change\n"
        "how severe a rule is, for a project, an editor and a run. `fxlens rule CODE` prints its page.\n\n"
        f"| code | default | when |\n|---|---|---|\n{rows}\n\n```{{toctree}}\n:hidden:\n\n{names}\n```\n",
    )
    for code in RULES:
        _write(f"rules/{code}.md", (RULE_PAGES / f"{code}.md").read_text(encoding="utf-8"))


def _settings() -> None:
    manifest = json.loads((ROOT / "package.json").read_text(encoding="utf-8"))
    words = json.loads((ROOT / "package.nls.json").read_text(encoding="utf-8"))
    rows = []
    for name, entry in manifest["contributes"]["configuration"]["properties"].items():
        said = entry.get("markdownDescription") or entry.get("description", "")
        # `#name#` is VS Code's link to a setting.
        text = re.sub(r"`#([\w.]+)#`", r"`\1`", words.get(said.strip("%"), said)).replace("\n", " ").replace("|", "\\|")
        default = json.dumps(entry.get("default")) if entry.get("default") not in ("", {}, None) else ""
        rows.append(f"| `{name}` | {f'`{default}`' if default else ''} | {text} |")
    table = "| setting | default | meaning |\n|---|---|---|\n" + "\n".join(rows)
    text = (HERE / "settings.in").read_text(encoding="utf-8")
    _write("settings.md", text.replace("SETTINGS", table))


shutil.rmtree(GENERATED, ignore_errors=True)
_rules()
_settings()
