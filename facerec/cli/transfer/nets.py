"""``facerec transfer nets``: what there is to work with."""

from __future__ import annotations

from typing import Annotated

from facerec.cli import console
from facerec.cli.models.catalogue import backbone_document, backbone_state, backbone_table
from facerec.cli.options import AsJson, ModelFiles, argument, examples

EXAMPLES = examples("facerec transfer nets", "facerec transfer nets resnet50 --json")


def nets(
    architecture: Annotated[str | None, argument("NAME", "Only those whose name begins so, such as resnet50.")] = None,
    *,
    model_files: ModelFiles = None,
    as_json: AsJson = False,
) -> None:
    """List the networks: size, cost, published accuracy, terms, and where their weights are.

    A name without a version means the weights that are marked with a star. The first one needs no download.
    """
    from facerec.errors import ArgumentError
    from facerec.networks.pretrained import PRETRAINED

    chosen = [each for each in PRETRAINED if each.name.startswith(architecture or "")]
    if not chosen:
        message = f"no backbone's name begins with {architecture!r}; all of them: facerec transfer nets"
        raise ArgumentError(message)
    if as_json:
        console.document({"backbones": [backbone_document(each, model_files) for each in chosen]})
    else:
        backbone_table([(each, backbone_state(each, model_files)) for each in chosen])
        console.say("* meant by the name of the architecture alone. To get one: facerec models fetch NAME")
