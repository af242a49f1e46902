"""Texts in any state: parsed, repaired where they do not parse, with positions in the text as it was given."""
