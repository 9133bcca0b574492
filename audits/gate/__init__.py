"""The gate: claims about fairness that people write down beforehand, decided by the intervals of an audit."""
