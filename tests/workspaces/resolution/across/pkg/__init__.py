# The package gives the wrapper away under its own name.
from .wrapping import tap_at as tap_at
