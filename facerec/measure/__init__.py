"""What scores are worth: tables of scores and vectors, metrics, operating points, evaluations and data sets."""
