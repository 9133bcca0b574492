"""``facerec transfer doctor``: whether what there is to work with is right."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from facerec.cli import console
from facerec.cli.options import AsJson, Exclude, ModelFiles, examples, option
from facerec.cli.transfer import options
from facerec.errors import ArgumentError, DataSetError

if TYPE_CHECKING:
    from facerec.photos.left_out import LeftOut
    from facerec.transfer.doctor import Check, Value
    from facerec.transfer.image_set import ImageSet

EXAMPLES = examples("facerec transfer doctor", "facerec transfer doctor --model-files weights/ --json")

_FAILED = 1


def doctor(
    *,
    model_files: ModelFiles = None,
    imagenet: Annotated[
        Path | None, option("DIR", "ImageNet's validation photos in 1,000 class folders: measure the top-1 too.")
    ] = None,
    exclude: Exclude = None,
    backbone: Annotated[
        str | None, option("NAME", "With --imagenet: of which backbone; by default the best one here.")
    ] = None,
    device: Annotated[
        str | None,
        option("--device NAME", "With --imagenet: cpu, cuda or cuda:N; by default a GPU where there is one."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Check the networks that are here against published constants and known answers.

    Of every weight file that is here the SHA-256 is computed and the network loaded, its parameters and multiply-adds
    counted, and, of networks whose answers are known, asked what it sees in a picture of a palace. What is left out of
    a folder is counted, with the reasons. --backbone, --device and --exclude say how the top-1 is measured.
    Exit status: 0 nothing failed, 1 a check failed, 2 error.
    """
    if imagenet is not None and not imagenet.is_dir():
        message = f"there is no folder {imagenet}; --imagenet takes one of ImageNet's validation photos"
        raise DataSetError(message)
    if imagenet is None and (exclude or backbone is not None or device is not None):
        message = "--exclude, --backbone and --device say how the top-1 is measured; give --imagenet DIR too"
        raise ArgumentError(message)
    options.check_networks([] if backbone is None else [backbone], "default", device)
    from facerec.transfer.doctor import doctor as run_checks
    from facerec.transfer.imagenet import read_imagenet

    # First the photos, so that a folder that is none is told before the other checks have run.
    measured: list[Check] = []
    left_out: Sequence[LeftOut] = ()
    if imagenet is not None:
        photos = read_imagenet(imagenet, exclude=exclude or ())
        left_out = photos.left_out
        console.say_left_out(left_out)
        measured = [_top1(photos, backbone, model_files, device)]
    with console.progress("checking") as progress:
        checks = (*run_checks(model_files=model_files, progress=progress), *measured)
    totals = Counter(check.status for check in checks)
    if as_json:
        counts = {status: totals[status] for status in ("passed", "failed", "absent", "unknown")}
        told = {} if imagenet is None else {"files_left_out": left_out}
        console.document({"checks": [asdict(check) for check in checks], **counts, **told})
    else:
        for check in checks:
            if check.status != "absent" or check in measured:
                console.say(_line(check))
        absent = sum(check.status == "absent" for check in checks if check not in measured)
        unknown = f", {totals['unknown']} with nothing to compare with" if totals["unknown"] else ""
        console.say(
            f"{totals['passed']} passed, {totals['failed']} failed{unknown}; {absent} sets of weights are not here, "
            "which is no fault: facerec transfer nets"
        )
    if totals["failed"]:
        raise typer.Exit(_FAILED)


def _top1(photos: ImageSet, name: str | None, model_files: Path | None, device: str | None) -> Check:
    from facerec.networks.backbone import default_backbone_name, load_backbone
    from facerec.transfer.imagenet import check_top1

    chosen = load_backbone(name or default_backbone_name(model_files), model_files=model_files)
    with console.progress("classifying") as progress:
        return check_top1(chosen, photos, device=device, progress=progress)


def _line(check: Check) -> str:
    expected, found = _shown(check.expected), _shown(check.found)
    return f"{check.status:8}{check.subject}: {check.what}: expected {expected}, found {found}"


def _shown(value: Value) -> str:
    return f"{value:,}" if isinstance(value, int | float) else value
