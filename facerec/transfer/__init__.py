"""The transfer-learning bench: what pre-training buys on other people's photos, measured with intervals.

A `Backbone` is a network of known weights without its last layer; an image set is a folder of labelled photos; a
protocol says how the one is put to work on the other. Importing this package loads no torch; each name is imported
when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from facerec.networks.backbone import Backbone, default_backbone_name, load_backbone
    from facerec.networks.preprocessing import Preprocessing
    from facerec.networks.trunk import Trunk
    from facerec.transfer.bench import Bench, run_bench

__all__ = ["Backbone", "Bench", "Preprocessing", "Trunk", "default_backbone_name", "load_backbone", "run_bench"]

_HOMES = {
    "Backbone": "networks.backbone",
    "Bench": "transfer.bench",
    "Preprocessing": "networks.preprocessing",
    "Trunk": "networks.trunk",
    "default_backbone_name": "networks.backbone",
    "load_backbone": "networks.backbone",
    "run_bench": "transfer.bench",
}


def __getattr__(name: str) -> Any:  # noqa: ANN401 - the module protocol (PEP 562) returns whatever the name is
    if name in _HOMES:
        return getattr(import_module(f"facerec.{_HOMES[name]}"), name)
    message = f"module 'facerec.transfer' has no attribute {name!r}"
    raise AttributeError(message)
