"""Whether to believe the audits: coverage of their intervals, and published and hand-worked numbers found again."""
