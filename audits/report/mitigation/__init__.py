"""The report of the laboratory of mitigations."""
