"""Search in a gallery (1:N): what it answers to people who are in it and to people who are not, by group."""
