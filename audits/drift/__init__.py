"""Drift: what changed, and for whom, between two score tables of the same pairs."""
