"""Models of what libraries do, by resolved dotted name: the only place of the source floor that names a library."""
