"""Backbones as ``facerec models`` and ``facerec transfer backbones`` show them: size, cost, terms, file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING

from facerec.cli import console

if TYPE_CHECKING:
    from facerec.transfer.finding import Found
    from facerec.transfer.pretrained import Pretrained


def sorted_out(model_files: Path | None) -> tuple[list[tuple[Pretrained, dict[str, str | None]]], int]:
    """Backbones whose files are here, or should be, each with its `file_state`; and how many others there are."""
    from facerec.transfer.pretrained import PRETRAINED

    states = [(network, file_state(network, model_files)) for network in PRETRAINED]
    # What has no version comes with a package, and is part of the installation.
    here = [(network, state) for network, state in states if state["state"] != "absent" or not network.version]
    return here, len(states) - len(here)


def backbone_table(networks: Sequence[Pretrained], model_files: Path | None) -> None:
    """Print one line per set of weights."""
    rows = []
    for each in networks:
        state = file_state(each, model_files)
        where = state["place"] if state["state"] == "ok" else state["state"]
        rows.append(
            (
                each.name + ("*" if each.default and each.version else ""),
                f"{each.parameters / 1e6:.1f} M",
                f"{each.macs / 1e9:.2f} G",
                None if each.top1 is None else f"{each.top1:.2f} %",
                each.preprocessing.crop,
                each.commercial,
                each.files[0].sha256[:8],
                where,
            )
        )
    right = ("parameters", "MACs", "top-1", "pixels")
    console.table(
        ("backbone", "parameters", "MACs", "top-1", "pixels", "commercial use", "SHA-256", "where"), rows, right=right
    )


def backbone_document(network: Pretrained, model_files: Path | None) -> dict[str, object]:
    """All that is known of one set of weights, and where its file is."""
    about = {field.name: getattr(network, field.name) for field in fields(network)}
    return {
        **about,
        "preprocessing": network.preprocessing.text,
        "files": [{"file": each.file_name, "sha256": each.sha256} for each in network.files],
        **file_state(network, model_files),
    }


def file_state(network: Pretrained, model_files: Path | None) -> dict[str, str | None]:
    """Whether a network's file can be used: `state` is ok, absent or wrong; and its path, its place in few words."""
    from facerec.models.state import found
    from facerec.models.weights import InPackage
    from facerec.transfer.finding import find

    here: list[Found] = []

    def look() -> Path:
        here.append(find(network, model_files=model_files))
        return here[0].path

    file = found(look)
    place = None
    if here:
        source, place = here[0].file.source, str(here[0].path.parent)
        if isinstance(source, InPackage) and here[0].path.as_posix().endswith(source.path):
            place = f"package {source.distribution}"
        place += f", older file {here[0].file.file_name}" if here[0].older else ""
    return {"state": file.state, "path": file.path, "place": place, "problem": file.problem}


def say_backbone(network: Pretrained, model_files: Path | None) -> None:
    """Print all that is known of one set of weights."""
    state = file_state(network, model_files)
    console.say(f"{network.name}: {network.source}")
    accuracy = f"top-1 {network.top1:.2f} %, top-5 {network.top5:.2f} %" if network.top1 is not None else None
    facts = [
        ("task", "backbone of facerec transfer"),
        ("default", f"yes, of {network.architecture}" if network.default else "no"),
        ("parameters", f"{network.parameters:,}"),
        ("multiply-adds", f"{network.macs / 1e9:.3f} thousand million for one photo"),
        ("published accuracy on ImageNet", accuracy),
        ("preprocessing", network.preprocessing.text),
        ("commercial use", f"{network.commercial}: {network.commercial_reason}"),
        ("licence of the weights", network.licence),
    ]
    for heading, fact in facts:
        if fact is not None:
            console.say(f"  {heading}: {fact}")
    today, *older = network.files
    console.say(f"  file {today.file_name}: {state['path'] or state['state']}")
    console.say(f"    SHA-256 {today.sha256}{'' if len(today.sha256) == 64 else '…'}")
    for each in older:
        console.say(f"    an older file of the same weights will do as well: {each.file_name}, SHA-256 {each.sha256}…")
