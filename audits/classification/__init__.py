"""Classifiers: how often they are wrong, and whom they select, by group."""
