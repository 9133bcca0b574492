"""``facerec models list, show, fetch, check``: which models there are, on what terms, and whether they are here."""

from __future__ import annotations

from dataclasses import asdict, fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from facerec.cli import console
from facerec.cli.models import added as models_added
from facerec.cli.models import backbones as models_backbones
from facerec.cli.options import AsJson, ModelFiles, option
from facerec.cli.running import fail

if TYPE_CHECKING:
    from facerec.models.catalogue import Model
    from facerec.models.weights import WeightFile
    from facerec.transfer.pretrained import Pretrained

Name = Annotated[str, typer.Argument(metavar="NAME", help="As facerec models or facerec transfer backbones lists it.")]


def list_models(as_json: AsJson = False, model_files: ModelFiles = None) -> None:
    """List every model, and the backbones that are here: commercial use, and where their files are."""
    print_list(model_files, as_json=as_json)


def show(name: Name, as_json: AsJson = False, model_files: ModelFiles = None) -> None:
    """Tell all that is known of a model: licences, training data, accuracy by group."""
    from facerec.models.catalogue import model
    from facerec.models.state import file_state

    if as_json and (added := [each for each in models_added.documents() if each["name"] == name]):
        console.document(added[0])
        return
    if not as_json and models_added.say_card(name):
        return
    if (network := _backbone(name)) is not None:
        if as_json:
            console.document(models_backbones.backbone_document(network, model_files))
        else:
            models_backbones.say_backbone(network, model_files)
        return
    chosen = model(name)
    if as_json:
        console.document(_document(chosen, model_files))
        return
    console.say(f"{chosen.name}: {chosen.summary}")
    facts = [
        ("task", chosen.task),
        ("default", "yes" if chosen.default else "no"),
        ("dimension", chosen.dimension),
        ("commercial use", f"{chosen.commercial}: {chosen.commercial_reason}"),
        ("licence of the code", chosen.code_licence),
        ("licence of the weights", chosen.weights_licence),
        ("training data", chosen.training_data),
        ("terms of that data", chosen.training_terms),
        ("accuracy by group", chosen.accuracy_by_group),
    ]
    for heading, fact in facts:
        if fact is not None:
            console.say(f"  {heading}: {fact}")
    for weight in chosen.weights:
        file = file_state(weight, model_files=model_files)
        console.say(f"  file {weight.file_name}: {file.path or file.state}")
        console.say(f"    SHA-256 {weight.sha256}")


def fetch(
    name: Name,
    model_files: Annotated[
        Path | None,
        option("--model-files DIR", "Where to put it; by default FACEREC_MODEL_FILES, else the user's cache."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Download a model's files, once, and check their SHA-256; the only command besides demo that uses the network."""
    from facerec.models import weights
    from facerec.models.catalogue import model
    from facerec.models.download import fetch as download

    network = _backbone(name)
    files = []
    # Of a backbone's files today's is enough; the others are older files of the same weights.
    for weight in model(name).weights if network is None else network.files[:1]:
        if isinstance(weight.source, weights.InPackage):
            files.append(
                weights.locate(weight, model_files=model_files)
            )  # it came with the installation, or the error says how
            continue
        with console.progress(f"fetching {weight.file_name}", in_bytes=True) as progress:
            files.append(
                download(weight, model_files=model_files, progress=lambda got, total: progress(got, total or got))
            )
    if as_json:
        console.document({"name": network.name if network else name, "files": [str(path) for path in files]})
    else:
        for path in files:
            console.say(str(path))


def check(as_json: AsJson = False, model_files: ModelFiles = None) -> None:
    """Check every model file here against its SHA-256, those of added models too.

    Exit status 2 if one is not what it should be, or one that is used by default is absent.
    """
    from facerec.models.catalogue import MODELS
    from facerec.models.state import added_states, file_state

    rows = [
        (model, weight, file_state(weight, model_files=model_files)) for model in MODELS for weight in model.weights
    ]
    optional = [file.state == "absent" and not model.default for model, _, file in rows]
    bad = [row[1].file_name for row, spared in zip(rows, optional, strict=True) if row[2].state != "ok" and not spared]
    here, absent = models_backbones.sorted_out(model_files)
    bad += [network.files[0].file_name for network, state in here if state["state"] != "ok"]
    added = added_states()
    bad += [each.name for each in added if each.model is None]
    if as_json:
        files = [{"model": model.name, "file": weight.file_name, **asdict(file)} for model, weight, file in rows]
        files += [{"model": network.name, "file": network.files[0].file_name, **state} for network, state in here]
        told = models_added.documents()
        console.document({"files": files, "added": told, "backbones_absent": absent, "ok": not bad})
    else:
        for (model, weight, file), spared in zip(rows, optional, strict=True):
            hint = f" (not needed unless you choose it: facerec models fetch {model.name})" if spared else ""
            console.say(
                f"{model.name}  {weight.file_name}: {_TOLD[file.state]}{file.problem if not spared else ''}{hint}"
            )
        for network, state in here:
            console.say(f"{network.name}  {network.files[0].file_name}: {_TOLD[str(state['state'])]}{state['problem']}")
        for each in added:
            console.say(f"{each.name}  {_TOLD['ok' if each.model else 'wrong']}{each.problem}")
        console.say(f"{absent} backbones are not here, nor needed unless you choose one: facerec transfer backbones")
    if bad:
        fail(f"{len(bad)} model files are absent or wrong: {', '.join(bad)}")


_TOLD = {"ok": "as it should be", "absent": "absent", "wrong": "wrong. "}


def _backbone(name: str) -> Pretrained | None:
    """The backbone of that name; ``None`` if a model of the catalogue has it, which costs no loading of torch."""
    from facerec.errors import ArgumentError
    from facerec.models.catalogue import MODELS

    if any(model.name == name for model in MODELS):
        return None
    from facerec.transfer.pretrained import pretrained

    try:
        return pretrained(name)
    except ArgumentError as error:
        models = ", ".join(model.name for model in MODELS)
        message = f"no model is called {name!r}, they are {models}; and {error}"
        raise ArgumentError(message) from error


def print_list(model_files: Path | None, *, as_json: bool) -> None:
    """Print every model and the backbones that are here."""
    from facerec.models.catalogue import MODELS
    from facerec.models.state import file_state
    from facerec.transfer.pretrained import PRETRAINED

    if as_json:
        networks = [models_backbones.backbone_document(network, model_files) for network in PRETRAINED]
        listed = [_document(model, model_files) for model in MODELS]
        console.document({"models": listed, "added": models_added.documents(), "backbones": networks})
        return
    rows = []
    for model in MODELS:
        files = [file_state(weight, model_files=model_files) for weight in model.weights]
        state = next((file.state for file in files if file.state != "ok"), None)
        rows.append(
            (
                model.name,
                model.task,
                "yes" if model.default else "no",
                model.commercial,
                " ".join(weight.sha256[:8] for weight in model.weights),
                state or _place(model.weights[0], Path(str(files[0].path))),
            )
        )
    console.table(("model", "task", "default", "commercial use", "SHA-256", "where"), rows)
    console.say("Licences, training data and accuracy by group: facerec models show NAME")
    models_added.say_table()
    here, absent = models_backbones.sorted_out(model_files)
    console.say()
    models_backbones.backbone_table([network for network, _ in here], model_files)
    console.say(f"{absent} more backbones can be fetched: facerec transfer backbones")


def _place(weight: WeightFile, path: Path) -> str:
    """Where a file is, in few words: the package that carries it, or its folder."""
    from facerec.models.weights import InPackage

    if isinstance(weight.source, InPackage) and path.as_posix().endswith(weight.source.path):
        return f"package {weight.source.distribution}"
    return str(path.parent)


def _document(model: Model, model_files: Path | None) -> dict[str, object]:
    from facerec.models.state import file_state

    files = []
    for weight in model.weights:
        file = file_state(weight, model_files=model_files)
        files.append({"file": weight.file_name, "sha256": weight.sha256, "size": weight.size, **asdict(file)})
    about = {field.name: getattr(model, field.name) for field in fields(model) if field.name != "weights"}
    return {**about, "files": files}
