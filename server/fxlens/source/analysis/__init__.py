"""Abstract interpretation: what the expressions of a program may be, and under which conditions."""
