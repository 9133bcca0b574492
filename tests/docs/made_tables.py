"""The tables that pages of the documentation speak of, made with known truth and written where their examples run."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from facerec.measure.tables.vector_table import write_vectors


def write_tables(folder: Path) -> None:
    """Score tables of vendors, predictions, searches and vectors of made people of two races and genders."""
    rng = np.random.default_rng(0)
    people = pd.DataFrame(
        {
            "subject": [f"p{number:03}" for number in range(120)],
            "gender": ["female", "male"] * 60,
            "race": ["A"] * 60 + ["B"] * 60,
        }
    )
    scores = _scores(people, rng)
    for name, harder in (("before.csv", 0.0), ("after.csv", 0.01)):
        scores.assign(score=(scores["score"] - harder * scores["genuine"]).round(6)).to_csv(folder / name, index=False)
    scores.to_parquet(folder / "scores.parquet", index=False)
    (folder / "parts").mkdir()
    for number, part in enumerate((scores.iloc[::2], scores.iloc[1::2]), 1):
        part.to_parquet(folder / "parts" / f"scores-{number}.parquet", index=False)
    vendor = scores.rename(
        columns={
            "score": "cosine",
            "genuine": "label",
            "probe_subject": "id1",
            "reference_subject": "id2",
            "probe_race": "e1",
            "reference_race": "e2",
        }
    )
    vendor.to_csv(folder / "bfw.csv", index=False)
    scores.head(2000).to_excel(folder / "vendor.xlsx", index=False)
    scores.assign(dist=1 - scores["score"]).filter(regex="dist|genuine|subject|image").to_csv(
        folder / "vendor.csv", index=False
    )
    people.to_csv(folder / "people.csv", index=False)
    answers = people.sample(600, replace=True, random_state=0)
    right = rng.random(len(answers)) < np.where(answers["gender"] == "male", 0.95, 0.9)
    other = answers["gender"].map({"female": "male", "male": "female"})
    predictions = answers.assign(label=answers["gender"], prediction=answers["gender"].where(right, other))
    predictions.to_csv(folder / "predictions.csv", index=False)
    hired = answers.rename(columns={"gender": "sex"}).assign(prediction=np.where(rng.random(600) < 0.4, "yes", "no"))
    hired.to_csv(folder / "hired.csv", index=False)
    _searches(people, rng).to_csv(folder / "searches.csv", index=False)
    rows = [
        (
            {"subject": each.subject, "gender": each.gender, "race": each.race, "photo": f"{each.subject}/{number}"},
            vector,
        )
        for each in people.itertuples()
        for number, vector in enumerate(_vectors(rng))
    ]
    write_vectors(rows, folder / "vectors.parquet", columns=["subject", "gender", "race", "photo"], dimension=16)


def _vectors(rng: np.random.Generator) -> list[np.ndarray]:
    centre = rng.standard_normal(16)
    made = centre + 0.3 * rng.standard_normal((4, 16))
    return list((made / np.linalg.norm(made, axis=1, keepdims=True)).astype(np.float32))


def _scores(people: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    rows = []
    for place, one in enumerate(people.itertuples()):
        others = people.iloc[place + 1 : place + 40].itertuples()
        rows += [(one, one, 0, number + 1, True, rng.normal(0.8, 0.08)) for number in range(2)]
        rows += [(one, other, 0, 0, False, rng.normal(0.3, 0.12)) for other in others]
    return pd.DataFrame(
        [
            {
                "probe_image": f"{one.subject}/{first}",
                "reference_image": f"{other.subject}/{second}",
                "probe_subject": one.subject,
                "reference_subject": other.subject,
                "genuine": genuine,
                "score": round(min(float(score), 0.9999), 6),
                **{f"probe_{name}": getattr(one, name) for name in ("gender", "race")},
                **{f"reference_{name}": getattr(other, name) for name in ("gender", "race")},
            }
            for one, other, first, second, genuine, score in rows
        ]
    )


def _searches(people: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    enrolled = people["subject"].iloc[:60].tolist()
    rows = []
    for number, probe in enumerate(people.itertuples()):
        for candidate in rng.choice(enrolled, 3, replace=False).tolist():
            mated = probe.subject == candidate
            score = rng.normal(0.95 if mated else 0.85, 0.03)
            rows.append((f"s{number}", probe.subject, probe.gender, candidate, round(min(score, 0.999), 4)))
    return pd.DataFrame(rows, columns=["search", "probe_subject", "probe_gender", "candidate_subject", "score"])
