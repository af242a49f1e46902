"""``from_pretrained`` without weights: the model is built from its configuration, on the meta device.

A configuration is small, and lies in the folder that is named or in the hub's cache once the user's program has run.
Reading weights would take seconds and gigabytes, and no name depends on them.
"""

from __future__ import annotations

import inspect
import os
import sys
from collections.abc import Mapping
from types import ModuleType
from typing import Any

import torch

from fxlens.hint_comment import MARK, hint
from fxlens.worker.failures import NOT_CACHED, RefusedError, not_cached
from fxlens.worker.stand_ins import Unloaded

_DTYPES = frozenset({"dtype", "torch_dtype"})
"""Arguments that would be taken for a part of the configuration: tensors without content need no other type."""
_NOTHING_MISSING: dict[str, Any] = dict.fromkeys(
    ("missing_keys", "unexpected_keys", "mismatched_keys", "error_msgs"), ()
)


def stay_offline() -> None:
    """Tell the hub's client not to try: it would wait for a network that is refused, several times over."""
    os.environ["HF_HUB_OFFLINE"] = "1"
    os.environ["TRANSFORMERS_OFFLINE"] = "1"


def transformers_models(module: ModuleType) -> None:
    """Patch ``transformers.modeling_utils``. ``AutoModel`` and its like choose a class and call this one."""

    @classmethod  # type: ignore[misc]
    def from_pretrained(cls: Any, name: Any, *model_args: Any, config: Any = None, **kwargs: Any) -> Any:
        options = kwargs
        if config is None or isinstance(config, (str, os.PathLike)):
            source = name if config is None else config
            config, options = _configuration(cls, source, cls.config_class.from_pretrained, kwargs)
        if kwargs.get("attn_implementation"):
            config._attn_implementation = kwargs["attn_implementation"]  # noqa: SLF001 - as from_pretrained does it
        return _built(cls, config, model_args, options, kwargs)

    module.PreTrainedModel.from_pretrained = from_pretrained


def transformers_configurations(module: ModuleType) -> None:
    """Patch ``transformers.configuration_utils``: all ways to a configuration, ``AutoModel``'s too, read it here."""
    kind = getattr(module, "PreTrainedConfig", None) or module.PretrainedConfig  # the name before transformers 5
    original = kind.get_config_dict.__func__

    @classmethod  # type: ignore[misc]
    def get_config_dict(cls: Any, source: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            return original(cls, source, *args, **kwargs)
        except OSError as error:
            raise _missing(source, cls) from error

    kind.get_config_dict = get_config_dict


def diffusers_models(module: ModuleType) -> None:
    """Patch ``diffusers.models.modeling_utils``."""

    @classmethod  # type: ignore[misc]
    def from_pretrained(cls: Any, name: Any, **kwargs: Any) -> Any:
        config, _ = _configuration(cls, name, cls.load_config, kwargs)
        return _built(cls.from_config, config, (), {}, kwargs)

    module.ModelMixin.from_pretrained = from_pretrained


def diffusers_pipelines(module: ModuleType) -> None:
    """Patch ``diffusers.configuration_utils`` and ``diffusers.pipelines.pipeline_utils``: several models at once."""
    if hasattr(module, "ConfigMixin"):
        _saying_what_is_missing(module.ConfigMixin, "load_config")
    if hasattr(module, "DiffusionPipeline"):
        _saying_what_is_missing(module.DiffusionPipeline, "from_pretrained")


def _saying_what_is_missing(kind: Any, method: str) -> None:
    original = getattr(kind, method).__func__

    @classmethod  # type: ignore[misc]
    def load(cls: Any, source: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            return original(cls, source, *args, **kwargs)
        except RefusedError:
            raise
        except OSError as error:
            raise _missing(source, example="" if _is_model(cls) else "diffusers.UNet2DModel()", kind=cls) from error

    setattr(kind, method, load)


def _is_model(kind: type) -> bool:
    return issubclass(kind, torch.nn.Module)


def _built(make: Any, config: Any, args: tuple[Any, ...], options: Mapping[str, Any], kwargs: Mapping[str, Any]) -> Any:
    """The model in eval mode, as ``from_pretrained`` returns it; of ``options`` the model gets what it takes."""
    taken = inspect.signature(make).parameters
    with torch.device("meta"):
        model = make(config, *args, **{name: value for name, value in options.items() if name in taken})
    model.eval()
    return (model, _NOTHING_MISSING) if kwargs.get("output_loading_info") else model


def _configuration(kind: Any, source: Any, load: Any, kwargs: Mapping[str, Any]) -> Any:
    """The configuration, which must be on this machine, and the arguments that are not a part of it.

    Raises:
        RefusedError: it is not.
    """
    options = {name: value for name, value in kwargs.items() if name not in _DTYPES}
    try:
        return load(source, **{**options, "return_unused_kwargs": True, "local_files_only": True})
    except OSError as error:
        raise _missing(source, kind) from error


def timm_configurations(module: ModuleType) -> None:
    """Patch ``timm.models._hub``: names such as ``hf-hub:timm/resnet18.a1_in1k``."""
    original = module.load_model_config_from_hf

    def load_model_config_from_hf(model_id: str, *args: Any, **kwargs: Any) -> Any:
        try:
            return original(model_id, *args, **kwargs)
        except OSError as error:
            raise _missing(model_id, example="timm.create_model('resnet50')") from error

    module.load_model_config_from_hf = load_model_config_from_hf  # type: ignore[attr-defined]


def sentence_weights(module: ModuleType) -> None:
    """Patch ``Module`` of sentence-transformers: layers upon the model of transformers have files of their own."""

    def load_torch_weights(*_: Any, model: Any = None, **__: Any) -> Any:
        return Unloaded() if model is None else model

    module.Module.load_torch_weights = staticmethod(load_torch_weights)


def hub_files(module: ModuleType) -> None:
    """Patch ``huggingface_hub.file_download``: a file in the local cache is used; one of weights may be missing."""
    original = module.hf_hub_download

    def download(repo_id: str, filename: str, *args: Any, **kwargs: Any) -> str:
        try:
            return str(original(repo_id, filename, *args, **kwargs))
        except Exception as error:
            if filename.endswith((".bin", ".safetensors", ".pt", ".pth", ".ckpt")):
                return filename
            vars(error)[NOT_CACHED] = repo_id
            raise

    module.hf_hub_download = download  # type: ignore[attr-defined]


def _missing(source: Any, kind: Any = None, example: str = "") -> RefusedError:
    error = RefusedError(not_cached(f"The configuration of `{source}`"))
    error.remedy = hint(f"`{MARK}{example or _example(kind)}`")
    return error


def _example(kind: Any) -> str:
    """An expression for a model of class ``kind``, or of one that its configuration or ``AutoModel`` may mean."""
    library = kind.__module__.partition(".")[0]
    config = getattr(kind, "config_class", None)
    if _offers(library, kind):
        if config is not None and _offers(library, config):
            return f"{library}.{kind.__name__}({library}.{config.__name__}())"
        if library == "diffusers":
            return f"{library}.{kind.__name__}()"
    return "transformers.BertModel(transformers.BertConfig())"


def _offers(library: str, kind: Any) -> bool:
    return getattr(sys.modules.get(library), kind.__name__, None) is kind
