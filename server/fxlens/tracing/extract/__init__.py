"""Makes feature extractors: selects nodes, prunes graphs, writes their code; or reads modules by hooks."""
