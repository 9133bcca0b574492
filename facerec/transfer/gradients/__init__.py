"""The gradient-flow lab: what depth, shortcuts and batch norm do to gradients, and what that does to training.

>>> from facerec.transfer.gradients import Plan
>>> len(Plan(depths=(20, 56)).designs)
8

`predict` says what a `Plan` costs, `run_lab` runs it on images (`textures` makes some, `read_lab_images` reads a
folder), `findings` says what the numbers decide; ``facerec.transfer.gradients.page`` writes the report.
"""

from facerec.transfer.gradients.findings import Finding, findings
from facerec.transfer.gradients.lab import Cost, Lab, fit, predict, run_lab, scaled
from facerec.transfer.gradients.networks import LabNet, build
from facerec.transfer.gradients.own_photos import read_lab_images
from facerec.transfer.gradients.textures import LabImages, textures
from facerec.transfer.plans import Design, Plan

__all__ = [
    "Cost",
    "Design",
    "Finding",
    "Lab",
    "LabImages",
    "LabNet",
    "Plan",
    "build",
    "findings",
    "fit",
    "predict",
    "read_lab_images",
    "run_lab",
    "scaled",
    "textures",
]
