"""What errors and people say: estimates of rates, their dependence, comparisons of groups, and indices of differences.

Plain numbers in and frozen values out: nothing here knows a table, a threshold or a report.
"""
