"""Work that outlasts a request: imports, exports, another embedder, purges."""
