"""What can be traced is traced: loops over values whose number is written down, buffers indexed by traced sizes."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from fxlens import TracingError, create_feature_extractor, get_graph_node_names

X = torch.randn(2, 12)


class Loops(nn.Module):
    def __init__(self, step: Any) -> None:
        super().__init__()
        self.layer, self.lstm, self.step = nn.Linear(12, 12), nn.LSTM(12, 12, batch_first=True), step
        self.register_buffer("table", torch.arange(24.0).view(2, 12))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.layer(self.step(self, x))


STEPS: dict[str, Any] = {
    "chunk": lambda net, x: torch.cat([part * at for at, part in enumerate(x.chunk(4, dim=-1))], -1),
    "chunk, function": lambda net, x: torch.cat(list(torch.chunk(x, chunks=3, dim=1)), 1),
    "sizes": lambda net, x: torch.cat([part + 1 for part in x.split([3, 9], dim=1)], 1),
    "tensor_split": lambda net, x: torch.cat([*torch.tensor_split(x, (2, 5), 1)], 1),
    "hsplit": lambda net, x: torch.cat([part * at for at, part in enumerate(torch.hsplit(x, 3))], 1),
    "vsplit": lambda net, x: torch.cat([part * 2 for part in x.repeat(2, 1).vsplit(2)], 1)[:, :12],
    "unbind": lambda net, x: sum(part * 2 for part in x.view(-1, 3, 12 // 3).permute(1, 0, 2).unbind(0)).repeat(1, 3),
    "view": lambda net, x: sum(x.reshape(3, -1)).new_ones(2, 12) + x,
    "stack": lambda net, x: sum(torch.stack([x, x * 2, x * 3]).unbind()),
    "length": lambda net, x: x * len(x.chunk(4, 1)),
    "zip": lambda net, x: torch.cat([a * b for a, b in zip(x.chunk(2, 1), (x + 1).chunk(2, 1), strict=True)], 1),
    "two": lambda net, x: tuple(net.lstm(x[:, None]))[0][:, 0],  # noqa: RUF015
    "maximum": lambda net, x: x + tuple(x.max(1))[0][:, None],  # noqa: RUF015
    "buffer": lambda net, x: x + net.table[: x.shape[0]],
    "buffer, item": lambda net, x: x + net.table[x.shape[0] - 1],
    "buffer, columns": lambda net, x: x + net.table[:, : x.size(1)],
}


@pytest.mark.parametrize("step", STEPS)
def test_it_is_traced_and_gives_what_the_model_gives(step: str) -> None:
    model = Loops(STEPS[step])
    extractor = create_feature_extractor(model, ["layer"])
    for size in (2,) if "buffer" in step else (2, 5) if step != "view" else (3,):
        x = torch.randn(size, 12)
        if step != "view":
            assert torch.equal(extractor(x)["layer"], model(x))


@pytest.mark.parametrize("step", ["chunk", "buffer"])
def test_it_is_refused_with_the_names_of_torchvision_as_by_torchvision(step: str) -> None:
    with pytest.raises(TracingError):
        get_graph_node_names(Loops(STEPS[step]), naming="torchvision")


@pytest.mark.parametrize(
    "step", [lambda net, x: sum(x), lambda net, x: sum(x.split(5)), lambda net, x: sum(x.view(-1, 4))]
)
def test_a_number_that_is_not_written_is_not_guessed(step: Any) -> None:
    with pytest.raises(TracingError, match="iterating over a tensor"):
        get_graph_node_names(Loops(step))
