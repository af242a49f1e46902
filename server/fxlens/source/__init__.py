"""Text only: extraction calls, their queries and the slice of their model, found in source that may not parse."""
