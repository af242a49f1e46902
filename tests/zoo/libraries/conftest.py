"""The models of other libraries run where these are installed: `npm run test:zoo` makes an environment for them."""

from __future__ import annotations

from importlib.util import find_spec

if find_spec("transformers") is None:
    collect_ignore_glob = ["test_*.py"]
