"""Keeps the user's model as it was, and switches it between its modes."""
