"""``facerec transfer doctor``, ``backbones`` and ``blocks``: what there is to work with, and whether it is right."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from facerec.cli import console
from facerec.cli.models_backbones import backbone_document, backbone_table
from facerec.cli.options import AsJson, Device, examples

if TYPE_CHECKING:
    from facerec.transfer.doctor import Check, Value

DOCTOR_EXAMPLES = examples("facerec transfer doctor", "facerec transfer doctor --weights-dir weights/ --json")
BACKBONES_EXAMPLES = examples("facerec transfer backbones", "facerec transfer backbones resnet50 --json")
BLOCKS_EXAMPLES = examples(
    "facerec transfer blocks",
    "facerec transfer blocks --channels 256 --width 64 --paths 32 --side 56",
)

_FAILED = 1

WeightsDir = Annotated[
    Path | None,
    typer.Option(
        "--weights-dir",
        metavar="DIR",
        help="A folder of weight files, looked into before the packages and the caches.",
        show_default=False,
    ),
]


def doctor(
    *,
    weights_dir: WeightsDir = None,
    imagenet: Annotated[
        Path | None,
        typer.Option(
            "--imagenet",
            metavar="DIR",
            help="ImageNet's validation photos in 1,000 class folders: measure the top-1 too.",
            show_default=False,
        ),
    ] = None,
    backbone: Annotated[
        str | None,
        typer.Option(
            "--backbone",
            metavar="NAME",
            help="Of which backbone; by default the one that is used by default.",
            show_default=False,
        ),
    ] = None,
    device: Device = None,
    as_json: AsJson = False,
) -> None:
    """Check blocks, networks and weight files against published and hand-worked constants.

    Parameters and multiply-adds of every architecture are counted from its modules; every weight file that is here is
    loaded, and its SHA-256 computed. Exit status: 0 nothing failed, 1 a check failed, 2 error.
    """
    from facerec.errors import ArgumentError
    from facerec.transfer.doctor import doctor as run_checks

    if imagenet is None and (backbone is not None or device is not None):
        message = "--backbone and --device say how the top-1 is measured; give --imagenet DIR too"
        raise ArgumentError(message)
    # First the photos, so that a folder that is none is told before the other checks have run.
    measured = () if imagenet is None else (_top1(imagenet, backbone, weights_dir, device),)
    with console.progress("checking") as progress:
        checks = (*run_checks(weights_dir=weights_dir, progress=progress), *measured)
    totals = Counter(check.status for check in checks)
    if as_json:
        console.document(
            {
                "checks": [asdict(check) for check in checks],
                "passed": totals["passed"],
                "failed": totals["failed"],
                "absent": totals["absent"],
            }
        )
    else:
        for check in checks:
            if check.status != "absent" or check in measured:
                console.say(_line(check))
        absent = sum(check.status == "absent" for check in checks if check not in measured)
        console.say(
            f"{totals['passed']} passed, {totals['failed']} failed; {absent} sets of weights are not here, "
            "which is no fault: facerec transfer backbones"
        )
    if totals["failed"]:
        raise typer.Exit(_FAILED)


def _top1(folder: Path, name: str | None, weights_dir: Path | None, device: str | None) -> Check:
    from facerec.transfer.backbone import default_backbone_name, load_backbone
    from facerec.transfer.imagenet import check_top1, read_imagenet

    chosen = load_backbone(name or default_backbone_name(weights_dir), weights_dir=weights_dir)
    photos = read_imagenet(folder)
    with console.progress("classifying") as progress:
        return check_top1(chosen, photos, device=device, progress=progress)


def backbones(
    architecture: Annotated[
        str | None,
        typer.Argument(metavar="[NAME]", help="Only those whose name begins so, such as resnet50.", show_default=False),
    ] = None,
    *,
    weights_dir: WeightsDir = None,
    as_json: AsJson = False,
) -> None:
    """List the backbones: size, cost, published accuracy, terms, and where their weights are.

    A name without a version means the weights that are marked with a star. The first one needs no download.
    """
    from facerec.errors import ArgumentError
    from facerec.transfer.pretrained import PRETRAINED

    chosen = [each for each in PRETRAINED if each.name.startswith(architecture or "")]
    if not chosen:
        message = f"no backbone's name begins with {architecture!r}; all of them: facerec transfer backbones"
        raise ArgumentError(message)
    if as_json:
        console.document({"backbones": [backbone_document(each, weights_dir) for each in chosen]})
    else:
        backbone_table(chosen, weights_dir)
        console.say("* meant by the name of the architecture alone. To get one: facerec models fetch NAME")


def blocks(
    *,
    channels: Annotated[int, typer.Option("--channels", metavar="NUMBER", help="Channels in and out.")] = 256,
    width: Annotated[
        int, typer.Option("--width", metavar="NUMBER", help="Channels in the middle of a bottleneck, over all paths.")
    ] = 64,
    paths: Annotated[int, typer.Option("--paths", metavar="NUMBER", help="Paths of a ResNeXt block.")] = 32,
    side: Annotated[int, typer.Option("--side", metavar="PIXELS", help="Side of the plane.")] = 56,
    kernel: Annotated[int, typer.Option("--kernel", metavar="PIXELS", help="Side of a convolution's filters.")] = 3,
    as_json: AsJson = False,
) -> None:
    """Compute what blocks cost: parameters, and multiply-adds for one image.

    Weights of convolutions and layers only, without biases and batch normalisation, as the papers count them.
    """
    from facerec.transfer import blocks as formulas

    costs = {
        f"fully connected, plane to {channels}": formulas.fully_connected(channels * side**2, channels, bias=False),
        f"convolution {kernel} × {kernel}": formulas.convolution(channels, channels, kernel=kernel, side=side),
        f"depthwise-separable {kernel} × {kernel}": formulas.depthwise_separable(
            channels, channels, kernel=kernel, side=side
        ),
        "ResNet basic block": formulas.basic_block(channels, channels, side=side),
        f"ResNet bottleneck, {width} wide": formulas.bottleneck(channels, channels, width=width, side=side),
        f"ResNeXt block, {width} wide in {paths} paths": formulas.bottleneck(
            channels, channels, width=width, groups=paths, side=side
        ),
    }
    if as_json:
        console.document({"blocks": [{"block": name, **asdict(cost)} for name, cost in costs.items()]})
        return
    console.say(f"{channels} channels in and out, on a plane of {side} × {side} pixels:")
    rows = [(name, f"{cost.parameters:,}", f"{cost.macs:,}") for name, cost in costs.items()]
    console.table(("block", "parameters", "multiply-adds"), rows, right=("parameters", "multiply-adds"))


def _line(check: Check) -> str:
    outcome = f"found {_shown(check.found)}"
    return f"{check.status:8}{check.subject}: {check.what}: expected {_shown(check.expected)}, {outcome}"


def _shown(value: Value) -> str:
    return f"{value:,}" if isinstance(value, int | float) else value
