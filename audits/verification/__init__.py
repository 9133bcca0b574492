"""One-to-one comparison: what one threshold does to every group, which threshold to take, how many people to ask."""
