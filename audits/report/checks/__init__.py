"""The report of the proof of the intervals."""
