"""Nothing can be parted from what made it: stamps of tables, and what points are made from."""
