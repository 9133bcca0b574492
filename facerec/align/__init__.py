"""From detections to chips: every embedder gets the crop that it was trained on.

A wrong crop is the most common silent error in face recognition: the vectors look plausible and are worth points of
accuracy less. A crop recipe therefore belongs to an embedder, has a name, and counts in the embedder's digest.
"""
