"""For all tests."""

from __future__ import annotations

import os

from fxlens.engine.disk_cache import FOLDER_VARIABLE, OFF

# A test that wants results kept names a folder of its own. All others want a worker, and to leave the user's cache alone.
os.environ[FOLDER_VARIABLE] = OFF
