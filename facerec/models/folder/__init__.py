"""A model is a folder: its weights, what they are, where they hold, and a card for people.

::

    student/
      model.json             what it is: architecture, crop, pixels, digest, training data and its terms, parent
      weights.safetensors    or model.onnx
      operating_points.json  thresholds with the error rates measured at them; absent until somebody measured
      audit.json             error rates by group; absent until somebody audited
      card.md                the model card, rendered from the others

A folder is written whole or not at all, and nothing is read from it whose SHA-256 is not the one that ``model.json``
states. No torch: embedders are made from folders by ``facerec.embed.load``.
"""

from facerec.models.folder.files import ModelFolder, attach_audit, attach_points, read_model, write_model
from facerec.models.folder.values import ModelDescription, Parent, Pixels, Terms, Training, WeightsIn

__all__ = [
    "ModelDescription",
    "ModelFolder",
    "Parent",
    "Pixels",
    "Terms",
    "Training",
    "WeightsIn",
    "attach_audit",
    "attach_points",
    "read_model",
    "write_model",
]
