"""How a traced model's parameters and buffers become nodes, in time that does not grow with their number."""

from __future__ import annotations

import threading
from typing import Any

import torch
from torch import fx, nn

from fxlens.tracing.record.inplace import PLAIN, InPlaceProxy
from fxlens.tracing.record.structures import lookup
from fxlens.tracing.record.value_texts import TracedText


class TensorReadTracer(fx.Tracer):
    """A ``torch.fx.Tracer`` that finds the name of a parameter or a buffer by a table.

    torch.fx scans all of them at every read, which is quadratic for a model that reads many.

    Attributes:
        recorded_buffers: paths of buffers on which operations become nodes. torch.fx carries them out while it traces.
    """

    def __init__(self, **tracer_kwargs: Any) -> None:
        super().__init__(**tracer_kwargs)
        self.recorded_buffers: frozenset[str] = frozenset()
        # Tensors are held beside their names: a freed tensor's id may come back as another tensor's.
        self._tensor_names: dict[int, tuple[torch.Tensor, str]] = {}
        self._thread = threading.get_ident()
        self.is_probing = False
        """Whether the nodes made now are taken out of the graph again."""

    def _name_tensors(self, root: nn.Module) -> None:
        tensors = [*root.named_buffers(), *root.named_parameters()]
        self._tensor_names = {id(tensor): (tensor, name) for name, tensor in tensors}

    def _tensor_name(self, tensor: torch.Tensor) -> str | None:
        named = self._tensor_names.get(id(tensor))
        return named[1] if named is not None and named[0] is tensor else None

    def getattr(self, attr: str, attr_val: Any, parameter_proxy_cache: dict[str, Any]) -> Any:
        if not isinstance(attr_val, torch.Tensor) or threading.get_ident() != self._thread:
            return attr_val
        if self.is_probing:  # the nodes made now do not last
            parameter_proxy_cache = dict(parameter_proxy_cache)
        is_parameter = isinstance(attr_val, nn.Parameter) and not self.param_shapes_constant
        if is_parameter or self.recorded_buffers:
            name = self._tensor_name(attr_val)
            if name is not None and (is_parameter or name in self.recorded_buffers):
                proxy = parameter_proxy_cache.get(name)
                if proxy is None:
                    read = self._parameter if is_parameter else self._buffer
                    proxy = parameter_proxy_cache[name] = read(name)
                return proxy
        return super().getattr(attr, attr_val, parameter_proxy_cache)

    def _parameter(self, path: str) -> fx.Proxy:
        return self.create_proxy("get_attr", path, (), {})

    def _buffer(self, path: str) -> fx.Proxy:
        return self.proxy(self.create_node("get_attr", path, (), {}))  # which gives it no name

    def create_arg(self, a: Any) -> Any:
        kind = type(a)
        if kind is InPlaceProxy:
            return a.node
        if kind in PLAIN:
            return a
        if kind is tuple:
            return tuple([self.create_arg(item) for item in a])
        if kind is dict and not a:
            return {}
        if kind is TracedText:
            return a.argument()
        if isinstance(a, torch.Tensor):
            name = self._tensor_name(a)
            if name is not None:
                return self.create_node("get_attr", name, (), {})
        return super().create_arg(a)

    def attributes(self) -> dict[str, Any]:
        """What the graph's ``get_attr`` nodes read, by path, as it was when it was traced.

        To be asked before the model is restored. A buffer that ``forward`` has replaced is still found here.
        """
        tensors: dict[str, Any] = {name: tensor for tensor, name in self._tensor_names.values()}
        tensors.update({name: tensor for tensor, name in self.tensor_attrs.items()})
        paths = {str(node.target) for node in self.graph.nodes if node.op == "get_attr"}
        return {path: tensors[path] if path in tensors else lookup(self.root, path) for path in sorted(paths)}
