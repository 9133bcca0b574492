"""The gallery in one SQLite file, the default engine; the file is the truth, the index in memory is disposable."""
