"""Traces a model: the tracer, the rules that name nodes, and what is noted of ``forward`` while it runs."""
