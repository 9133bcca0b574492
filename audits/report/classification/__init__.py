"""The report of an audit of a classifier."""
