"""The graph view's page in a notebook."""

from __future__ import annotations

import html
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fxlens.graph import Dialect
from fxlens.picture.modes import ShownMode, shown_modes
from fxlens.picture.page import html_page
from fxlens.picture.svg import svg_picture
from fxlens.picture.ways import opened_with

if TYPE_CHECKING:
    from torch import nn

    from fxlens.graph import ModelGraph


@dataclass(frozen=True, repr=False)
class GraphPage:
    """A model's graph, which notebooks show as a page that opens and closes.

    ``height`` is that of its frame, in pixels.
    """

    graph: ModelGraph
    mode: ShownMode
    opened: tuple[str, ...]
    height: int = 640
    _page: str = ""

    def __repr__(self) -> str:
        name = self.graph.class_name.rpartition(".")[2]
        return f"<graph of {name}, {self.mode} mode: a notebook shows it, save('{name}.html') writes it>"

    def _repr_html_(self) -> str:
        # A separate frame: neither the page's styles nor its keys reach the notebook.
        style = f"width:100%;height:{self.height}px;border:1px solid #8885;border-radius:6px"
        title = html.escape(f"Graph of {self.graph.class_name.rpartition('.')[2]}")
        return f'<iframe title="{title}" style="{style}" srcdoc="{html.escape(self._page)}"></iframe>'

    def save(self, path: str | Path) -> None:
        """Write the page (``.html``), or the picture as it is at first (``.svg``).

        Raises:
            ValueError: if ``path`` ends otherwise.
        """
        target = Path(path)
        ending = target.suffix.lower()
        if ending not in (".html", ".htm", ".svg"):
            raise ValueError(f"give the file a name that ends in .html or .svg, not {target.name}")
        text = svg_picture(self.graph, self.mode, self.opened) if ending == ".svg" else self._page
        target.write_text(text, encoding="utf-8")


def show(
    model: nn.Module,
    *,
    mode: ShownMode | None = None,
    naming: Dialect = "fxlens",
    example_input: Any = None,
    open: Iterable[str] = (),  # noqa: A002 - as the option of the command line
    height: int = 640,
) -> GraphPage:
    """The graph of ``model``, for a notebook: as the last value of a cell, or given to ``display``.

    Args:
        model: the model; it is left as it was. Of one that torch.fx cannot trace, the modules are shown.
        mode: the mode to show at first, or ``"both"``; by default eval.
        naming: whose names to give: ``"fxlens"``, ``"torchvision"`` or ``"timm"``.
        example_input: what ``forward`` is given to find the shapes, as in :func:`fxlens.trace_model`.
        open: paths of groups to open, and of nodes to open the way to.
        height: of the frame, in pixels.

    Raises:
        TypeError: if ``model`` is not a module.
        UnknownPathError: if nothing in the graph is called as one of ``open``.

    Example:
        >>> fxlens.show(resnet50(), open=["layer4.2"])  # doctest: +SKIP
    """
    from fxlens.tracing import trace_model

    graph = trace_model(model, naming=naming, example_input=example_input)
    shown = shown_modes(graph, mode)[0]
    opened = opened_with(graph, shown, open)
    return GraphPage(graph, shown, tuple(opened), height, html_page(graph, shown, opened))
