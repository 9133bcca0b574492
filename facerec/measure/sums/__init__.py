"""Comparisons summed up: counts that add, from which every rate, interval and curve of an audit is made.

`value.py` is the frozen value, `counts.py` what it is made of; `filling.py` makes one from arrays, `scanning.py` from
tables of any size; `files.py` writes and reads it.
"""
