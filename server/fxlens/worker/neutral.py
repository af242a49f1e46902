"""What is neutralised in the user's environment: loading weights, moving to devices, asking at the terminal.

The arguments that choose weights stay (some models are built differently with them); only the loading is left out.
Patches on torch are made once in the worker, before anything that copies the functions is imported; patches on other
packages are made when those are imported.
"""

from __future__ import annotations

import builtins
import importlib.abc
import importlib.machinery
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import torch
from torch import nn

from fxlens.worker.command_line import neutralise_argparse
from fxlens.worker.compiling import EVAL_FRAME, neutralise_compiler, replace_compiled_modules
from fxlens.worker.devices import is_accelerator, neutralise_devices
from fxlens.worker.distributed import AFTER_IMPORT as PARTS_OF_DISTRIBUTED
from fxlens.worker.distributed import neutralise_distributed
from fxlens.worker.failures import RefusedError
from fxlens.worker.native_writers import (
    announce_connections,
    announce_history,
    announce_interpreters,
    refuse_safetensors,
)
from fxlens.worker.pretrained import (
    diffusers_models,
    diffusers_pipelines,
    hub_files,
    sentence_weights,
    stay_offline,
    timm_configurations,
    transformers_configurations,
    transformers_models,
)
from fxlens.worker.stand_ins import Unloaded

WEIGHTS = "_fxlens_weights"
"""Attribute of a module: the torchvision weights that were to be loaded into it. Outside of here nothing keeps them."""


def weights_of(model: nn.Module) -> Any:
    """The weights that ``model``, or the first of its parts that has any, was built with."""
    return next((module.__dict__[WEIGHTS] for module in model.modules() if WEIGHTS in module.__dict__), None)


def _unloaded(origin: str) -> Callable[..., Unloaded]:
    def load(*_: Any, **__: Any) -> Unloaded:
        nothing = Unloaded()
        nothing.__dict__["origin"] = origin
        return nothing

    return load


class _NothingMissing(tuple[list[str], list[str]]):
    """What ``load_state_dict`` returns: no missing and no unexpected keys."""

    missing_keys: list[str] = []  # noqa: RUF012
    unexpected_keys: list[str] = []  # noqa: RUF012


def _same(self: Any, *_: Any, **__: Any) -> Any:
    return self


def _nothing(*_: Any, **__: Any) -> None:
    return None


def neutralise_torch() -> None:
    """Leave out weights, devices and precision. Called once in the worker, which needs none of them itself."""

    def load_state_dict(self: nn.Module, state_dict: Any = None, *_: Any, **__: Any) -> _NothingMissing:
        if isinstance(state_dict, Unloaded) and state_dict.weights is not None:
            # Its parts as well: `nn.Sequential(*model.children())` has them, and not the model.
            for module in self.modules():
                module.__dict__[WEIGHTS] = state_dict.weights
        return _NothingMissing(([], []))

    nn.Module.load_state_dict = load_state_dict  # type: ignore[method-assign]
    for name in ("to", "cuda", "cpu", "xpu", "half", "bfloat16", "float", "double", "type", "to_empty", "share_memory",
                 "mtia", "ipu"):  # fmt: skip
        setattr(nn.Module, name, _same)
    torch.load = _unloaded("torch.load")
    torch.hub.load_state_dict_from_url = _unloaded("torch.hub.load_state_dict_from_url")
    torch.hub.download_url_to_file = _nothing
    torch.hub._get_cache_or_reload = _cached_repository  # noqa: SLF001
    # These write in C++, where no audit hook sees it.
    torch.save = _nothing
    torch.jit.save = _nothing
    torch.onnx.export = _nothing
    neutralise_compiler()
    neutralise_devices()
    neutralise_distributed()
    _stay_on_this_device()


def _cached_repository(github: str, *_: Any, **__: Any) -> str:
    """The folder of a repository that ``torch.hub`` has loaded before.

    torch's own function asks GitHub for the branch and writes its list of trusted repositories on the way. What is in
    the cache counts as trusted for torch too. torchvision's repository has the models that are installed.

    Raises:
        RefusedError: it is not in the cache.
    """
    repository, _colon, branch = github.partition(":")
    owner, _slash, name = repository.partition("/")
    branches = [branch.replace("/", "_")] if branch else ["main", "master"]
    for each in branches:
        folder = Path(torch.hub.get_dir()) / f"{owner}_{name}_{each}"
        if folder.is_dir():
            return str(folder)
    if (owner, name) == ("pytorch", "vision") and "torchvision" in sys.modules:
        return str(Path(__file__).with_name("hub"))
    raise RefusedError(
        f"`{github}` is not in the local cache of torch.hub ({torch.hub.get_dir()}), and FX Lens downloads nothing. "
        "It is there once your program has loaded it."
    )


def _stay_on_this_device() -> None:
    original = torch.Tensor.to

    def to(self: torch.Tensor, *args: Any, **kwargs: Any) -> torch.Tensor:
        kept = [value for at, value in enumerate(args) if not _is_place(at, value)]
        named = {name: value for name, value in kwargs.items() if not (name == "device" and is_accelerator(value))}
        return original(self, *kept, **named) if kept or named else self

    torch.Tensor.to = to  # type: ignore[method-assign,assignment]


def _is_place(at: int, value: object) -> bool:
    """Whether the argument at that position names an accelerator; a number is one only as the first argument."""
    return is_accelerator(value) and (at == 0 or not isinstance(value, int))


def neutralise_terminal(path: str) -> None:
    """No questions, no debugger, no arguments: called in every trace process."""

    def answer(*_: object) -> str:
        return ""

    builtins.input = answer
    sys.breakpointhook = _nothing
    sys.argv = [path]
    neutralise_argparse()


def _torchvision_weights(module: ModuleType) -> None:
    def get_state_dict(self: Any, *_: Any, **__: Any) -> Unloaded:
        nothing = Unloaded()
        nothing.__dict__.update(origin="get_state_dict", weights=self)
        return nothing

    module.WeightsEnum.get_state_dict = get_state_dict


def _timm_builder(module: ModuleType) -> None:
    for name in ("load_pretrained", "load_custom_pretrained"):
        if hasattr(module, name):
            setattr(module, name, _nothing)


def _timm_helpers(module: ModuleType) -> None:
    for name in ("load_checkpoint", "load_state_dict", "load_pretrained"):
        if hasattr(module, name):
            setattr(module, name, _unloaded(f"timm.{name}") if name == "load_state_dict" else _nothing)


def _safetensors(module: ModuleType) -> None:
    for name in ("load_file", "load"):
        setattr(module, name, _unloaded(f"safetensors.torch.{name}"))
    module.load_model = lambda *_, **__: ([], [])  # type: ignore[attr-defined]


def _debugger(module: ModuleType) -> None:
    """Nobody is there to answer it: it would read empty lines forever."""
    for name in ("set_trace", "post_mortem", "pm", "run", "runcall", "interact", "embed"):
        if hasattr(module, name):
            setattr(module, name, _nothing)


def _passwords(module: ModuleType) -> None:
    module.getpass = lambda *_, **__: ""  # type: ignore[attr-defined]


AFTER_IMPORT: dict[str, Callable[[ModuleType], None]] = {
    "torchvision.models._api": _torchvision_weights,
    "timm.models._builder": _timm_builder,
    "timm.models._helpers": _timm_helpers,
    "timm.models._hub": timm_configurations,
    "safetensors.torch": _safetensors,
    "safetensors._safetensors_rust": refuse_safetensors,
    "sqlite3.dbapi2": announce_connections,
    "readline": announce_history,
    **dict.fromkeys(("_interpreters", "_xxsubinterpreters"), announce_interpreters),
    EVAL_FRAME: replace_compiled_modules,
    **PARTS_OF_DISTRIBUTED,
    "getpass": _passwords,
    **dict.fromkeys(("pdb", "ipdb", "pudb", "code", "IPython"), _debugger),
    "huggingface_hub.file_download": hub_files,
    "transformers.configuration_utils": transformers_configurations,
    "transformers.modeling_utils": transformers_models,
    "diffusers.models.modeling_utils": diffusers_models,
    "diffusers.configuration_utils": diffusers_pipelines,
    "diffusers.pipelines.pipeline_utils": diffusers_pipelines,
    "sentence_transformers.base.modules.module": sentence_weights,
    "sentence_transformers.models.Module": sentence_weights,
}


class _Patching(importlib.abc.Loader):
    """Runs the module's own loader, then our patch."""

    def __init__(self, loader: importlib.abc.Loader, patch: Callable[[ModuleType], None]) -> None:
        self._loader = loader
        self._patch = patch

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType | None:
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        self._loader.exec_module(module)
        self._patch(module)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loader, name)  # ``get_source``, ``get_data`` …


class _Finder(importlib.abc.MetaPathFinder):
    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        patch = AFTER_IMPORT.get(fullname)
        if patch is None:
            return None
        # Which modules are built in differs from one Python to the next.
        spec = importlib.machinery.BuiltinImporter.find_spec(fullname) or importlib.machinery.PathFinder.find_spec(
            fullname, path, target
        )
        if spec is not None and spec.loader is not None:
            spec.loader = _Patching(spec.loader, patch)
        return spec


def neutralise_packages() -> None:
    """Patch timm, safetensors, the hub's client, transformers and those upon it when, and if, they are imported."""
    stay_offline()
    sys.meta_path.insert(0, _Finder())
