"""Facts about scopes and names, computed once for each document."""
