"""Documents × workers × cache → analyses. Knows neither LSP nor argv, and never imports torch or user code."""
