"""What is decided about faces, and the evidence that goes with every decision.

A rate keeps its counts, a threshold keeps where it was measured, a decision keeps the threshold: nothing here can
be quoted without what it rests on.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal, TypeAlias, overload

import numpy as np
from numpy.typing import NDArray

from facerec.types.looks import FIRST_LOOK, Look
from facerec.types.photos import Drawn, freeze, frozen_view
from facerec.types.plain import Value
from facerec.types.points import ExpectedRate, OperatingPoint, Rate
from facerec.visible_text import shortened

if TYPE_CHECKING:
    import pandas as pd

    from facerec.types.marks import Label

Decision: TypeAlias = Literal["match", "no match", "undecided", "ambiguous"]
"""``undecided``: a face is below the quality gate, so the score does not carry the operating point's error rates.
``ambiguous``: a second person of the gallery is over the threshold too."""


class _Decided(Value):
    """What a decision says by its score and its operating point; true in an ``if`` for a match only."""

    decision: Decision
    score: float
    operating_point: OperatingPoint
    runtime: str | None

    @property
    def _run_by(self) -> tuple[str, ...]:
        return () if self.runtime is None else (f"the networks were run by {self.runtime}",)

    @property
    def match(self) -> bool | None:
        """True, False, or None if undecided or ambiguous."""
        return None if self.decision in ("undecided", "ambiguous") else self.decision == "match"

    @property
    def threshold(self) -> float:
        """The operating point's."""
        return self.operating_point.threshold

    @property
    def strangers(self) -> Rate | None:
        """How many single comparisons of strangers of the calibration data score this high or higher."""
        return self.operating_point.strangers(self.score)

    @property
    def strangers_in_words(self) -> str:
        """`strangers` in a sentence."""
        return self.operating_point.strangers_in_words(self.score)

    def __bool__(self) -> bool:
        return self.decision == "match"


@dataclass(frozen=True, repr=False)
class Verification(_Decided):
    """The outcome of comparing two faces, or a face with somebody enrolled; true in an ``if`` for a match only.

    Attributes
    ----------
    decision : {"match", "no match", "undecided"}
        ``undecided`` if a face is below the quality gate, whatever the score.
    score : float
        Cosine similarity, -1 … 1. No probability: `strangers` says what it is worth.
    operating_point : OperatingPoint
        The threshold that decided, and what it was measured on.
    gate : str
        The quality gate that judged, ``QualityGate.name``; ``none`` where it was left out.
    problems : tuple of str
        Why the quality gate held a face back; empty if it did not.
    notes : tuple of str
        What a reader must know besides: which point decided, who asserted it, that another detector or gate was at
        work than the point was measured with, that one of several faces was chosen, that one was found only with the
        photo turned or a border around it.
    runtime : str, optional
        What ran the networks; ``None`` for torch.
    comparisons : int
        How many faces the face was compared with, of which the most alike one counts: all that somebody is enrolled
        with, or the one of the other photo.
    """

    decision: Decision
    score: float
    operating_point: OperatingPoint
    gate: str
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    runtime: str | None = None
    comparisons: int = 1

    derived: ClassVar[tuple[str, ...]] = (
        *("match", "threshold", "expected_fmr", "expected_in_words"),
        *("strangers", "strangers_in_words"),
    )

    @property
    def expected_fmr(self) -> ExpectedRate:
        """The share of strangers that such a claim lets in: of one comparison the point's FMR, of several at most."""
        return self.operating_point.expected_fpir(self.comparisons)

    @property
    def expected_in_words(self) -> str:
        """`expected_fmr` in words where there are several comparisons; else empty, and the point's FMR says it."""
        if self.comparisons == 1:
            return ""
        rate = self.expected_fmr
        return (
            f"compared with {self.comparisons:,} faces; at most about {100 * rate.value:.2g} % of strangers get in "
            f"(95 %: {100 * rate.low:.2g} … {100 * rate.high:.2g} %)"
        )

    def __repr__(self) -> str:
        return f"<{self.decision}: score {self.score:.4f}, threshold {self.threshold:.4f}>"

    def __str__(self) -> str:
        point = self.operating_point
        relation = "≥" if point.accepts(self.score) else "<"
        first = f"{self.decision}: score {self.score:.4f} {relation} threshold {point.threshold:.4f} ({point.name})"
        evidence = [self.strangers_in_words, *self.problems, *self.notes, *self._run_by]
        return "\n  ".join([first, *filter(None, [self.expected_in_words]), *evidence])

    def _repr_html_(self) -> str:
        from facerec.types.marks import as_html

        return as_html(str(self))


@dataclass(frozen=True)
class Candidate(Value):
    """A person of the gallery, and the cosine (-1 … 1) of the probe and the most alike of that person's samples.

    `person_id` is the person's id in the gallery, which stays when the name changes.
    """

    name: str
    score: float
    person_id: str | None = None


@dataclass(frozen=True, eq=False, repr=False)
class Identification(_Decided):
    """Who one face of a photo is, or nobody; true in an ``if`` for a match only.

    Attributes
    ----------
    decision : {"match", "no match", "undecided", "ambiguous"}
        ``no match``: nobody in the gallery reaches the threshold (open set); ``ambiguous``: several people do.
    name : str or None
        The most alike person if the decision is ``match``, else ``None``.
    score : float
        Similarity to the most alike person; NaN in an empty gallery.
    box : ndarray, float32, shape (4,)
        Where the face is, in pixels of the photo.
    candidates : tuple of Candidate
        The most alike people, best first, whether or not they reach the threshold.
    gallery_size, comparisons : int
        How many people, by how many samples, the face was compared with.
    operating_point, gate, problems, notes, runtime
        As for `Verification`.
    """

    decision: Decision
    name: str | None
    score: float
    box: NDArray[np.float32]
    candidates: tuple[Candidate, ...]
    operating_point: OperatingPoint
    gallery_size: int
    comparisons: int
    gate: str
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    runtime: str | None = None

    derived: ClassVar[tuple[str, ...]] = ("match", "threshold", "expected_fpir", "strangers", "strangers_in_words")

    def __post_init__(self) -> None:
        freeze(self, np.float32, box=(4,))

    @property
    def expected_fpir(self) -> ExpectedRate:
        """The share of strangers that a search in this gallery takes for somebody enrolled, at most."""
        return self.operating_point.expected_fpir(self.comparisons)

    @property
    def strangers_in_words(self) -> str:
        """`strangers` in a sentence."""
        return super().strangers_in_words if self.comparisons else "nobody is enrolled, so there was nobody to compare"

    def __repr__(self) -> str:
        who = self.name or self.decision
        return f"<{shortened(who)}: score {self.score:.4f}, threshold {self.threshold:.4f}>"

    def __str__(self) -> str:
        who = self.name or {"no match": "nobody enrolled"}.get(self.decision, self.decision)
        near = ", ".join(f"{each.name} {each.score:.3f}" for each in self.candidates) or "nobody"
        fpir = self.expected_fpir
        search = (
            f"threshold {self.threshold:.4f} ({self.operating_point.name}); of strangers at most "
            f"{100 * fpir.value:.3g} % (95 %: {100 * fpir.low:.3g} … {100 * fpir.high:.3g} %) are taken for one of "
            f"{self.gallery_size:,} people"
        )
        evidence = (self.strangers_in_words, *self.problems, *self.notes, *self._run_by)
        lines = [f"{who}; nearest: {near}", search, *evidence]
        return "\n  ".join(lines)


@dataclass(frozen=True, eq=False, repr=False)
class Identifications(Drawn, Sequence[Identification]):
    """Who the faces of one photo are, best detection first; true in an ``if`` only where somebody was found.

    A sequence of its `outcomes`. `points` are the detector's five of each face, float32, shape (n, 5, 2); `source` is
    what the photo is called; `photo`, uint8, shape (height, width, 3), where it was kept, is for `draw`; `looks` say
    how each face was seen, `reading` what there is to say of the photo itself, as for `Face`.
    """

    outcomes: tuple[Identification, ...]
    points: NDArray[np.float32]
    source: str
    photo: NDArray[np.uint8] | None = None
    looks: tuple[Look, ...] = ()
    reading: tuple[str, ...] = ()

    hidden: ClassVar[frozenset[str]] = frozenset({"photo", "points"})

    def __post_init__(self) -> None:
        freeze(self, np.float32, points=(len(self.outcomes), 5, 2))
        object.__setattr__(self, "looks", tuple(self.looks) or (FIRST_LOOK,) * len(self.outcomes))
        object.__setattr__(self, "photo", frozen_view(self.photo))

    @overload
    def __getitem__(self, index: int) -> Identification: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Identification, ...]: ...
    def __getitem__(self, index: int | slice) -> Identification | tuple[Identification, ...]:
        """One face, or a tuple of some."""
        return self.outcomes[index]

    def __len__(self) -> int:
        return len(self.outcomes)

    def __iter__(self) -> Iterator[Identification]:
        return iter(self.outcomes)

    def __bool__(self) -> bool:
        return any(self.outcomes)

    def __repr__(self) -> str:
        names = ", ".join(outcome.name or outcome.decision for outcome in self.outcomes) or "no face"
        return f"<identified in {shortened(self.source)}: {names}>"

    def to_frame(self) -> pd.DataFrame:
        """One row per face: box, decision, name, score and threshold."""
        import pandas as pd

        names = ["source", "decision", "name", "score", "threshold", "left", "top", "right", "bottom"]
        rows = [(self.source, o.decision, o.name, o.score, o.threshold, *o.box.tolist()) for o in self.outcomes]
        return pd.DataFrame(rows, columns=names)

    def labels(self) -> list[Label]:
        """What stands on each face's plate where the photo is drawn."""
        from facerec.types.marks import Label

        seen = zip(self.outcomes, self.looks, strict=True)
        return [Label(each.name or "", each.decision, each.score, str(look)) for each, look in seen]

    def draw(self, photo: NDArray[np.uint8] | None = None) -> NDArray[np.uint8]:
        """The photo with boxes, points, names and scores; as `Faces.draw`."""
        from facerec.types.marks import mark_faces

        return mark_faces(self._kept(photo), np.array([each.box for each in self]), self.points, self.labels())

    def to_dict(self) -> dict[str, Any]:
        """Source, what there is to say of the photo, and faces."""
        faces = [each.to_dict() for each in self.outcomes]
        return {"source": self.source, "reading": list(self.reading), "faces": faces}
