"""The graph view's picture, outside of the editor."""
