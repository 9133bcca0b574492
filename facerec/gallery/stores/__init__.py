"""Where the rows of a gallery are kept: one package per engine."""
