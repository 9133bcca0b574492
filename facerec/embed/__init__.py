"""Embedders, one file each: functions that make a ``facerec.types.Embedder`` from checked weights.

This package imports nothing by itself, so that listing models loads no torch.
"""
