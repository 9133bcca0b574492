"""Cards of models and data as pages: what the catalogue says, and the README of every folder of `data/`."""

from __future__ import annotations

import re
from pathlib import Path

from facerec.models.catalogue import MODELS, Model

ROOT = Path(__file__).resolve().parents[1]
_LINK = re.compile(r"(\[[^\]]*\])\((?!https?:|#|mailto:)([^)#\s]+)(#[^)]*)?\)")

_USES = {
    "detector": (
        "Finding faces that somebody wants found: their own photos, photos of people who agreed.",
        "Watching places for people; counting or sorting people by their faces.",
    ),
    "landmarks": (
        "Turning and scaling a face for the embedder.",
        "Reading expressions, health or character off a face.",
    ),
    "embedder": (
        """Deciding, with the consent of those enrolled, whether two photos show one person, at an operating point that
        was measured on such photos, with a way in for those who are refused and a person who may overrule.""",
        """Recognizing people without their knowledge; deciding about anybody by the score alone; inferring race,
        gender, age, beliefs or feelings; any use on groups whose error rates nobody measured.""",
    ),
}
_AUDITS = {
    "dlib-resnet": "[LFW by gender](../../reports/lfw-dlib-resnet/report.md), [FairFace by race, gender and age]"
    "(../../reports/fairface-dlib-resnet/at-shipped-point/report.md), "
    "[other models beside it](../../reports/models-by-group/report.md)",
    "blazeface": "[LFW](../../reports/lfw-blazeface/report.md)",
}


def write_cards(folder: Path) -> None:
    """Write `models-cards.md` and `data-cards.md` into a folder of pages; unchanged files stay as they are."""
    cards = ["# Model cards", "From the catalogue that `facerec models show NAME` prints.", *map(_model_card, MODELS)]
    _write(folder / "model-cards.md", "\n\n".join(cards) + "\n")
    readmes = sorted((ROOT / "data").glob("*/README.md"))
    sections = [_lowered(_moved(each)) for each in readmes]
    _write(
        folder / "data-cards.md",
        "\n\n".join(["# Data cards", "The folders of `data/`, as they say it.", *sections]) + "\n",
    )


def _model_card(model: Model) -> str:
    kind = "embedder" if model.task == "embedder" else "landmarks" if model.task == "landmarks" else "detector"
    intended, forbidden = _USES[kind]
    rows = {
        "what it is": model.summary,
        "intended use": " ".join(intended.split()),
        "not for": " ".join(forbidden.split()),
        "commercial use": f"**{model.commercial}**: {model.commercial_reason}",
        "licence of the code": model.code_licence,
        "licence of the weights": model.weights_licence,
        "training data": model.training_data,
        "terms of that data": model.training_terms,
        "accuracy by group": model.accuracy_by_group,
        "audits here": _AUDITS.get(model.name, "none of its own; the matcher's audits include it"),
        "files": "; ".join(f"`{file.file_name}` {file.sha256}" for file in model.weights),
    }
    return "\n".join(
        [f"## {model.name}", "", "| | |", "|---|---|", *(f"| {name} | {told} |" for name, told in rows.items())]
    )


def _moved(readme: Path) -> str:
    """Its text, with links as they are from a page in docs/reference."""

    def moved(found: re.Match[str]) -> str:
        goal = (readme.parent / found[2]).resolve().relative_to(ROOT)
        return f"{found[1]}(../../{goal}{found[3] or ''})"

    return _LINK.sub(moved, readme.read_text(encoding="utf-8"))


def _lowered(text: str) -> str:
    """One level down, outside of blocks of code."""
    parts = re.split(r"(^```.*?^```)", text, flags=re.MULTILINE | re.DOTALL)
    return "".join(each if each.startswith("```") else re.sub(r"^#", "##", each, flags=re.MULTILINE) for each in parts)


def _write(file: Path, text: str) -> None:
    if not file.exists() or file.read_text(encoding="utf-8") != text:
        file.write_text(text, encoding="utf-8")
