"""``facerec transfer doctor``: whether what there is to work with is right."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from facerec.cli import console
from facerec.cli.options import AsJson, Device, ModelFiles, examples, option
from facerec.cli.transfer import options
from facerec.errors import ArgumentError, DataSetError

if TYPE_CHECKING:
    from facerec.transfer.doctor import Check, Value

EXAMPLES = examples("facerec transfer doctor", "facerec transfer doctor --model-files weights/ --json")

_FAILED = 1


def doctor(
    *,
    model_files: ModelFiles = None,
    imagenet: Annotated[
        Path | None, option("DIR", "ImageNet's validation photos in 1,000 class folders: measure the top-1 too.")
    ] = None,
    backbone: Annotated[
        str | None, option("NAME", "Of which backbone; by default the one that is used by default.")
    ] = None,
    device: Device = None,
    as_json: AsJson = False,
) -> None:
    """Check blocks, networks and weight files against published and hand-worked constants.

    Parameters and multiply-adds of every architecture are counted from its modules; every weight file that is here is
    loaded, and its SHA-256 computed. Exit status: 0 nothing failed, 1 a check failed, 2 error.
    """
    if imagenet is not None and not imagenet.is_dir():
        message = f"there is no folder {imagenet}; --imagenet takes one of ImageNet's validation photos"
        raise DataSetError(message)
    if imagenet is None and (backbone is not None or device is not None):
        message = "--backbone and --device say how the top-1 is measured; give --imagenet DIR too"
        raise ArgumentError(message)
    options.check_networks([] if backbone is None else [backbone], "default", device)
    from facerec.transfer.doctor import doctor as run_checks

    # First the photos, so that a folder that is none is told before the other checks have run.
    measured = () if imagenet is None else (_top1(imagenet, backbone, model_files, device),)
    with console.progress("checking") as progress:
        checks = (*run_checks(model_files=model_files, progress=progress), *measured)
    totals = Counter(check.status for check in checks)
    if as_json:
        counts = {status: totals[status] for status in ("passed", "failed", "absent")}
        console.document({"checks": [asdict(check) for check in checks], **counts})
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


def _top1(folder: Path, name: str | None, model_files: Path | None, device: str | None) -> Check:
    from facerec.transfer.backbone import default_backbone_name, load_backbone
    from facerec.transfer.imagenet import check_top1, read_imagenet

    chosen = load_backbone(name or default_backbone_name(model_files), model_files=model_files)
    photos = read_imagenet(folder)
    with console.progress("classifying") as progress:
        return check_top1(chosen, photos, device=device, progress=progress)


def _line(check: Check) -> str:
    expected, found = _shown(check.expected), _shown(check.found)
    return f"{check.status:8}{check.subject}: {check.what}: expected {expected}, found {found}"


def _shown(value: Value) -> str:
    return f"{value:,}" if isinstance(value, int | float) else value
