"""Networks that are built from a description: architectures by name, their trunks, and the heads of face networks.

Whoever runs, trains or compares networks stands on them; weights come from elsewhere.
"""
