"""A page that uses everything, with made-up numbers and no photo of anybody."""

import math

import numpy as np
import pytest

from facerec.reporting import (
    Callout,
    Column,
    Facts,
    Figure,
    Page,
    Picture,
    Section,
    SideBySide,
    Table,
    Text,
    axes,
    plain,
)
from facerec.reporting.charts import det_chart, prepare_histogram, score_chart
from facerec.reporting.drawings import Dots, OutOf, Whisker, Whiskers
from facerec.types import Interval
from facerec.types.marks import Label, encode_jpeg, mark_faces

HOSTILE = "<script>alert('1')</script> & \"|`*_[x](javascript:1)\0\u202e**"


def fake_photo(width=480, height=320):
    """A grey landscape with two bright discs where faces would be."""
    y, x = np.mgrid[:height, :width]
    photo = np.stack([110 + 60 * y / height, 120 + 40 * x / width, 135 + 0 * x], axis=-1)
    for centre in ((0.3 * width, 0.45 * height), (0.7 * width, 0.5 * height)):
        photo[np.hypot(x - centre[0], (y - centre[1]) * 0.8) < 0.13 * width] = (222, 186, 160)
    return photo.astype(np.uint8)


def marked_photo():
    """The fake photo with a match and a nobody."""
    boxes = np.array([[90.0, 75, 198, 213], [282, 91, 390, 229]])
    points = boxes[:, None, :2] + np.array([[33, 50], [75, 50], [54, 78], [36, 104], [72, 104]])
    return mark_faces(fake_photo(), boxes, points, [Label("Ada", "match", 0.712), Label("", "no match", 0.214)])


def sample():
    """Build the page; the same one every time."""
    rng = np.random.default_rng(7)
    genuine, impostor = rng.normal(0.72, 0.09, 3000), rng.normal(0.18, 0.12, 3000)
    genuine[:4] = math.nan
    histogram = prepare_histogram(genuine, impostor)
    thresholds = np.linspace(-0.2, 1, 400)
    fmr = (impostor[:, None] >= thresholds).mean(axis=0)
    fnmr = (genuine[4:, None] < thresholds).mean(axis=0)
    slower = np.clip(fnmr * 1.6, 0, 1)
    groups = ["women", "men", "women × 60+", "men × 60+"]
    det = det_chart([("women", fmr, slower), ("men", fmr, fnmr)], [(0.012, 0.0032), (0.012, 0.002)])
    dots = Dots("False matches", (OutOf("women", "12 of 1,000", 12, 17), OutOf("men 男", "10 of 1,000", 10, 14)))
    rates, intervals = [0.0123, 0.0101, 0.00042, math.nan], [Interval(0.009, 0.0168), Interval(0.0071, 0.0143)]
    by_group = Table(
        "False match rate by group at the threshold of FMR 0.01, **women** against men.",
        (
            Column("Group"),
            Column("People", "count"),
            Column("Impostor pairs", "count"),
            Column("False matches", "count"),
            Column("FMR", "rate"),
            Column("95 % interval", "interval"),
            Column("To the best", "ratio"),
            Column("Claim", "verdict"),
        ),
        (
            ("All", 5749, 1_250_000, 13_875, 0.0111, Interval(0.0094, 0.0131), None, None),
            (groups[0], 1481, 250_000, 3075, rates[0], intervals[0], 29.285714285714285, "fail"),
            (groups[1], 4268, 1_000_000, 10_100, rates[1], intervals[1], 24.047619047619047, "pass"),
            (groups[2], 61, 4_800, 2, rates[2], Interval(0.0001, 0.0031), 1.0, "insufficient"),
            (groups[3], 0, 0, 0, rates[3], Interval(math.nan, math.nan), math.inf, "insufficient"),
        ),
        notes=("Pairs share people: intervals use the effective number of pairs. See [all numbers](report.json).",),
        strong=(0,),
    )
    timing = Table(
        "Time per stage.",
        (Column("Stage"), Column("Seconds", "seconds"), Column("Share", "rate"), Column("Digest", "code")),
        (("detect", 0.0213, 0.61, "3f9a0c11"), ("embed", 0.01362, 0.39, "a|b`c"), ("start", 2.5e-5, 0.0, None)),
    )
    return Page(
        "Does the matcher treat women and men alike?",
        "A **made-up** audit of 6,000 pairs, to look at how a report looks; `facerec` took no part in it.",
        (
            Section(
                "Error rates by group",
                (
                    Text(
                        "One threshold serves everybody. A rate without trials is *not* zero.\n\n- first\n- **second**"
                    ),
                    by_group,
                    Figure(
                        (det,),
                        "Women's curve lies above men's everywhere",
                        "All thresholds.",
                        title="FNMR over FMR, per cent",
                    ),
                ),
            ),
            Section(
                "Scores",
                (
                    Figure(
                        (score_chart(histogram, threshold=0.45, unit="cosine similarity"),),
                        "Genuine and impostor scores hardly overlap; the threshold lies between them",
                        "Scores of genuine and impostor pairs.",
                        histogram.data,
                    ),
                    Figure(
                        (
                            Whiskers(
                                "FMR",
                                axes.linear("per cent", [0.0168], percent=True, start=0),
                                (
                                    Whisker("women", rates[0], 0.009, 0.0168, "1.23 %"),
                                    Whisker(
                                        "men × 60+, of the whole world", math.nan, math.nan, math.nan, "not measured"
                                    ),
                                ),
                            ),
                            dots,
                        ),
                        "Women are mismatched most often, older men were not measured",
                        "FMR by group with 95 % intervals.",
                        {"FMR": rates},
                    ),
                    Callout("warning", "Four pairs have no score: no face was found."),
                ),
            ),
            Section(
                "A photo",
                (
                    SideBySide(
                        (
                            Picture(encode_jpeg(fake_photo()), "Two discs before a landscape", "Before."),
                            Picture(encode_jpeg(marked_photo()), "Both discs are marked, one as Ada", "After."),
                        )
                    ),
                    Text(f"Names are shown as they are: {plain(HOSTILE)}."),
                    timing,
                    Callout("note", "The second face is **nobody** who is enrolled."),
                ),
            ),
            Section(
                "How this was made",
                (
                    Facts(
                        (
                            ("Input", "scores.csv"),
                            ("SHA-256", "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"),
                            ("Pairs", 6000),
                            ("Threshold", 0.45),
                            ("Hostile", HOSTILE),
                        )
                    ),
                ),
            ),
        ),
        kind="Audit",
        source="made numbers",
        signed=True,
        lead=(
            Callout(
                "fail",
                "Women are falsely matched **1.22 times** as often as men (95 % interval 1.08 – 1.39; limit 1.2).",
            ),
            Callout("insufficient", "Too few people over 60 to say more: at least 240 are needed per group."),
            Callout("pass", "False non-matches differ by less than the limit of 0.01."),
        ),
    )


@pytest.fixture(scope="session")
def page():
    """The page that uses everything."""
    return sample()
