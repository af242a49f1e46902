"""Describes a traced model as data: modules, shapes, costs, outputs, or the module calls of a run."""
