"""How long an extractor by hooks takes beside the plain model, hooks that stay registered, and the traced extractor.

    python tests/bench/bench_hooks.py [--rounds 9]

For each model, with the runs of all rivals taking turns: the ratio to the plain forward of

* ``hooks``: our extractor by hooks, of modules in the middle and at the end, so that most of the model runs;
* ``early``: the same of the first stage alone, after which it stops;
* ``stay``: plain hooks that are registered once and run the whole model, as torchextractor's do;
* ``fx``: our traced extractor of the same modules as ``hooks``, where the model can be traced.

Where transformers is installed (``.venv-zoo``) its models are among them. At last, how long ``auto`` takes to build the
extractor of a resnet50 beside ``fx``. Budgets, over the models whose forward takes more than 10 ms: the median of
``hooks`` is at most 1.1, that of ``early`` at most 0.1; ``auto`` builds no slower than ``fx``.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable, Iterator, Mapping
from importlib.util import find_spec
from typing import Any, NamedTuple

import torch
import torchvision
from torch import nn

from fxlens import create_feature_extractor

LEAST_MILLISECONDS = 10


class Case(NamedTuple):
    """A model, what it is called with, its first stage, and modules in its middle and at its end."""

    name: str
    make: Callable[[], nn.Module]
    inputs: Mapping[str, Any] | tuple[Any, ...]
    first: str
    later: tuple[str, ...]


def encoder() -> nn.Module:
    layer = nn.TransformerEncoderLayer(256, 8, 1024, batch_first=True)
    return nn.TransformerEncoder(layer, 12, enable_nested_tensor=False)


class Recurrent(nn.Module):
    """Loops over time steps, so that torch.fx cannot trace it."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Linear(64, 512)
        self.cells = nn.ModuleList(nn.GRUCell(512, 512) for _ in range(2))
        self.head = nn.Linear(512, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        states = [torch.zeros(x.shape[0], 512) for _ in self.cells]
        for step in self.embed(x).unbind(1):
            for number, cell in enumerate(self.cells):
                step = states[number] = cell(step, states[number])
        return self.head(step)


def cases() -> Iterator[Case]:
    models, image = torchvision.models, (torch.rand(1, 3, 224, 224),)
    yield Case("resnet50", models.resnet50, image, "conv1", ("layer2", "layer4"))
    yield Case("convnext_tiny", models.convnext_tiny, image, "features.0", ("features.3", "features.7"))
    yield Case("swin_t", models.swin_t, image, "features.0", ("features.3", "features.7"))
    yield Case("densenet121", models.densenet121, image, "features.conv0", ("features.denseblock2", "features.norm5"))
    yield Case("nn.TransformerEncoder", encoder, (torch.rand(2, 64, 256),), "layers.0", ("layers.6", "layers.11"))
    yield Case("loop over time", Recurrent, (torch.rand(4, 64, 64),), "embed", ("cells.0", "head"))
    if find_spec("transformers"):
        yield from transformers_cases()


def transformers_cases() -> Iterator[Case]:
    import transformers

    tokens = {"input_ids": torch.randint(0, 1000, (1, 64))}
    pixels = {"pixel_values": torch.rand(1, 3, 224, 224)}
    small = {"hidden_size": 384, "num_hidden_layers": 6, "num_attention_heads": 6, "intermediate_size": 1536}
    for name, inputs, first, later in (
        ("Bert", tokens, "embeddings", ("encoder.layer.2", "encoder.layer.5")),
        ("Roberta", tokens, "embeddings", ("encoder.layer.2", "encoder.layer.5")),
        ("ViT", pixels, "embeddings", ("layernorm",)),
        ("Dinov2", pixels, "embeddings", ("layernorm",)),
    ):
        config = getattr(transformers, f"{name}Config")(**small)
        yield Case(f"{name}Model", lambda n=name, c=config: getattr(transformers, f"{n}Model")(c), inputs, first, later)


def staying_hooks(model: nn.Module, paths: tuple[str, ...]) -> Callable[..., Any]:
    """Hooks that stay, and a forward of the whole model: torchextractor 0.3.0 does this."""
    outputs: dict[str, Any] = {}

    def keep(path: str) -> Any:
        def hook(_module: nn.Module, _args: Any, output: Any) -> None:
            outputs[path] = output

        return hook

    for path in paths:
        model.get_submodule(path).register_forward_hook(keep(path))

    def run(*args: Any, **kwargs: Any) -> Any:
        return model(*args, **kwargs), dict(outputs)

    return run


def milliseconds(run: Callable[..., Any], inputs: Mapping[str, Any] | tuple[Any, ...]) -> float:
    start = time.perf_counter()
    run(**inputs) if isinstance(inputs, Mapping) else run(*inputs)
    return 1000 * (time.perf_counter() - start)


def measured(case: Case, rounds: int) -> dict[str, float]:
    """The median of each rival in milliseconds."""
    model = case.make().eval()
    # The hooks that stay would stop nothing early for the others: they are on a model of their own.
    staying = case.make().eval()
    hooks = create_feature_extractor(model, list(case.later), backend="hooks")
    early = create_feature_extractor(model, [case.first], backend="hooks")
    auto = create_feature_extractor(model, list(case.later), suppress_diff_warning=True)
    rivals: dict[str, Callable[..., Any]] = {"plain": model, "hooks": hooks, "early": early}
    rivals["stay"] = staying_hooks(staying, case.later)
    if auto.backend == "fx":
        rivals["fx"] = auto
    times: dict[str, list[float]] = {name: [] for name in rivals}
    with torch.no_grad():
        for _ in range(rounds + 1):
            for name, run in rivals.items():
                times[name].append(milliseconds(run, case.inputs))
    # The first round allocates, and learns which outputs the model overwrites.
    return {name: statistics.median(taken[1:]) for name, taken in times.items()}


def building(rounds: int) -> dict[str, float]:
    model = torchvision.models.resnet50().eval()
    times: dict[str, list[float]] = {"fx": [], "auto": []}
    for _ in range(rounds + 1):
        for backend, taken in times.items():
            start = time.perf_counter()
            extractor = create_feature_extractor(model, ["layer2", "layer4"], backend=backend)
            taken.append(time.perf_counter() - start)
            assert extractor.backend == "fx"
    return {backend: statistics.median(taken[1:]) for backend, taken in times.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=9)
    rounds = parser.parse_args().rounds
    columns = ("hooks", "early", "stay", "fx")
    print(f"{'model':24}{'plain':>10}" + "".join(f"{column:>9}" for column in columns))
    ratios: dict[str, list[float]] = {column: [] for column in columns}
    for case in cases():
        found = measured(case, rounds)
        plain = found.pop("plain")
        said = [f"{found[column] / plain:9.3f}" if column in found else f"{'-':>9}" for column in columns]
        print(f"{case.name:24}{plain:7.1f} ms" + "".join(said), flush=True)
        for column, taken in found.items():
            if plain > LEAST_MILLISECONDS:
                ratios[column].append(taken / plain)
    medians = [f"{statistics.median(ratios[column]):9.3f}" if ratios[column] else f"{'-':>9}" for column in columns]
    print(f"{f'median over {LEAST_MILLISECONDS} ms':34}" + "".join(medians))
    built = building(rounds)
    print(f"resnet50 under auto is built in {built['auto'] / built['fx']:.2f} of the time of fx")


if __name__ == "__main__":
    main()
