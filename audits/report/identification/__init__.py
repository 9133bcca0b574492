"""The report of an audit of identification."""
