"""The report of an audit of drift."""
