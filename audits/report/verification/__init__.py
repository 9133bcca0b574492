"""The report of an audit of verification."""
