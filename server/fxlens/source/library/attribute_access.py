"""Functions and methods that name an attribute by a text, and whether they set it."""

from __future__ import annotations

NAMING_FUNCTIONS = {"getattr": False, "hasattr": False, "setattr": True, "delattr": False}
"""Python's: the object is the first argument, the name the second."""
NAMING_METHODS = dict.fromkeys(("add_module", "register_module", "register_buffer", "register_parameter"), True)
NAMING_METHODS |= dict.fromkeys(("get_submodule", "get_parameter", "get_buffer"), False)
"""Those of torch.nn.Module: the name, or a dotted path that begins with it, is the first argument."""
