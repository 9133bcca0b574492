"""Looking inside a backbone: filters, activations, answers, and whether a photo belongs to what it knows.

`look` shows photos to a backbone; ``facerec.transfer.look.page`` makes the page.
"""

from facerec.transfer.look.activations import Activation, activations, layer_names
from facerec.transfer.look.filters import Filters, first_filters
from facerec.transfer.look.looking import Answer, Look, Seen, look
from facerec.transfer.look.outside import Separation, energy, max_softmax, separation
from facerec.transfer.look.saliency import saliency

__all__ = [
    "Activation",
    "Answer",
    "Filters",
    "Look",
    "Seen",
    "Separation",
    "activations",
    "energy",
    "first_filters",
    "layer_names",
    "look",
    "max_softmax",
    "saliency",
    "separation",
]
