"""The tables that audits read: of other makers, of predictions, of searches; and who is in which group."""
