"""Every photo compared with every other, counted without writing the pairs down.

The pairs of 50,000 photos are 1.25 × 10⁹ scores. They are made in blocks by a product in single precision and counted
at once; only scores so near to a limit that the product cannot tell on which side they are (`product.py` says how near)
are scored again by ``facerec.similarity``, which alone decides. So every count is the one that a table of all pairs
would give, to the last pair, and a block's counts are integers that add up in any order, in any process.
"""
