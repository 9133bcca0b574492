"""Audits of error rates by group: judges score tables and predictions, of this project or of anyone else.

The contract between recognition and audit is the score table (``facerec.scores``). No audit loads torch.
"""
