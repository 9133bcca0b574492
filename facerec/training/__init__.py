"""Training of embedders: from a pre-trained network to a calibrated, audited model's folder.

Importing this package loads nothing; its modules load torch.
"""
