"""``facerec transfer look``: what a network makes of a photo, layer by layer."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from facerec.cli import console
from facerec.cli.options import AsJson, Exclude, ModelFiles, argument, examples, option
from facerec.cli.transfer import options
from facerec.cli.transfer.options import picked

if TYPE_CHECKING:
    from facerec.transfer.look import Look, Seen

EXAMPLES = examples(
    "facerec transfer look photo.jpg",
    "facerec transfer look photo.jpg --backbone resnet50.v2 --layer layer2.0.conv1",
    "facerec transfer look zoo/ --outside drawings/ --json",
    "facerec transfer look photo.jpg --backbone resnet18 --weights none",
)


def look(
    photos: Annotated[list[Path], argument("PHOTO", "Photos, or folders of them.")],
    *,
    backbone: Annotated[
        str | None,
        option(
            "NAME",
            "Such as resnet50.v2. By default a ResNet of torchvision if its weights are here, else efficientnet_lite0.",
        ),
    ] = None,
    weights: options.Weights = "default",
    model_files: ModelFiles = None,
    layer: Annotated[
        list[str] | None,
        option(
            "NAME", "Show the activations of this layer; may be given several times. A wrong name lists the layers."
        ),
    ] = None,
    outside: Annotated[
        list[Path] | None,
        option(
            "PHOTO",
            "A photo, or a folder, of things that the network does not know: measures how well its scores tell. May "
            "be given several times.",
        ),
    ] = None,
    seed: Annotated[int, option("NUMBER", "Of the weights where they are random.")] = 0,
    exclude: Exclude = None,
    out: Annotated[Path, option("DIR", "Where to write the page.")] = Path("reports/look"),
    as_json: AsJson = False,
) -> None:
    """Look inside a network with photos: filters, activations, five best answers, and whether it knows such photos.

    Writes look.html, look.md and look.json, which show the photos: keep them where those may be seen.
    """
    from facerec.photos.folders import find_photos

    options.check_least(seed=(seed, 0))
    options.check_networks([] if backbone is None else [backbone], weights, None)
    inside, beyond = (find_photos(each or (), exclude=exclude or ()) for each in (photos, outside))
    left_out = (*inside.left_out, *beyond.left_out)
    console.say_left_out(left_out)
    from facerec.reporting import write
    from facerec.transfer import default_backbone_name, load_backbone
    from facerec.transfer.look import look as look_inside
    from facerec.transfer.look.page import look_page

    name = default_backbone_name(model_files) if backbone is None else backbone
    chosen = load_backbone(name, model_files=model_files, weights=weights)
    with console.progress("looking at photos") as progress:
        found = look_inside(
            chosen, inside.photos, outside=beyond.photos, layers=layer or (), seed=seed, progress=progress
        )
    written = write(look_page(found), out, stem="look")
    if as_json:
        console.document({**_document(found, written.html), "files_left_out": left_out})
        return
    if found.random:
        console.note(f"{chosen.name}: the weights are random, nothing on the page was learned")
    for seen in found.seen:
        answers = (
            ", ".join(f"{each.name} {each.probability:.1%}" for each in seen.answers) or "no classifier, no answer"
        )
        scores = "" if seen.energy is None else f"  (energy {seen.energy:.2f})"
        console.say(f"{seen.photo}{' [outside]' if seen.outside else ''}: {answers}{scores}")
    for score, told in found.separations:
        console.say(
            f"{score}: AUROC {told.auroc:.3f} (95%: {told.low:.3f} … {told.high:.3f}; {told.inside} inside, "
            f"{told.outside} outside)"
        )
    console.say(f"The page: {written.html}")


def _document(look: Look, page: Path) -> dict[str, object]:
    return {
        **picked(look, "backbone=backbone.name", "weights_sha256=backbone.weights_sha256", "random_weights=random"),
        **picked(look.backbone, "parameters", "macs"),
        "photos": [_seen(seen) for seen in look.seen],
        "separations": {
            name: picked(each, "auroc", "ci_low=low", "ci_high=high", "inside", "outside")
            for name, each in look.separations
        },
        "filters": None
        if look.filters is None
        else picked(look.filters, "layer", "shape=weights.shape", "smoothness", "colourfulness"),
        "layers": list(look.layers),
        "page": str(page),
    }


def _seen(seen: Seen) -> dict[str, object]:
    return {
        **picked(seen, "photo", "outside"),
        "answers": [{"class": each.name, "probability": each.probability} for each in seen.answers],
        **picked(seen, "max_softmax", "energy"),
        "activations": [
            {**picked(each, "layer", "shape"), "strongest": each.strongest[:16].tolist(), "silent": each.silent}
            for each in seen.activations
        ],
    }
