"""``from_pretrained`` without weights: the model is built from its configuration, on the meta device.

A configuration is small, and lies in the folder that is named or in the hub's cache once the user's program has run.
Reading weights would take seconds and gigabytes, and no name depends on them.
"""

from __future__ import annotations

import inspect
import os
from collections.abc import Mapping
from types import ModuleType
from typing import Any

import torch

from fxlens.worker.failures import RefusedError

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
            config, options = _configuration(source, cls.config_class.from_pretrained, kwargs)
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
            raise _missing(source) from error

    kind.get_config_dict = get_config_dict


def diffusers_models(module: ModuleType) -> None:
    """Patch ``diffusers.models.modeling_utils``."""

    @classmethod  # type: ignore[misc]
    def from_pretrained(cls: Any, name: Any, **kwargs: Any) -> Any:
        config, _ = _configuration(name, cls.load_config, kwargs)
        return _built(cls.from_config, config, (), {}, kwargs)

    module.ModelMixin.from_pretrained = from_pretrained


def _built(make: Any, config: Any, args: tuple[Any, ...], options: Mapping[str, Any], kwargs: Mapping[str, Any]) -> Any:
    """The model in eval mode, as ``from_pretrained`` returns it; of ``options`` the model gets what it takes."""
    taken = inspect.signature(make).parameters
    with torch.device("meta"):
        model = make(config, *args, **{name: value for name, value in options.items() if name in taken})
    model.eval()
    return (model, _NOTHING_MISSING) if kwargs.get("output_loading_info") else model


def _configuration(source: Any, load: Any, kwargs: Mapping[str, Any]) -> Any:
    """The configuration, which must be on this machine, and the arguments that are not a part of it.

    Raises:
        RefusedError: it is not.
    """
    options = {name: value for name, value in kwargs.items() if name not in _DTYPES}
    try:
        return load(source, **{**options, "return_unused_kwargs": True, "local_files_only": True})
    except OSError as error:
        raise _missing(source) from error


def _missing(source: Any) -> RefusedError:
    return RefusedError(
        f"The configuration of `{source}` is neither in a folder here nor in the cache of Hugging Face, and FX Lens "
        "downloads nothing. It is there once your program has loaded it."
    )
