"""What runs in the user's Python environment: evaluates slices and traces models, one short-lived process each.

Started as ``<user python> …/fxlens/worker/main.py``. Standard library and torch only.
"""
