"""Models as files: the catalogue, weights that are checked, downloads, and the folder of a model."""
