"""Counts that others have published, which an audit must find again; constants, so that an installed copy has them.

``audits.checks.installation`` holds the audits against them. Only numbers that do not contradict themselves are here:
of three classifiers in Gender Shades only IBM's printed rates all follow from whole numbers of faces.
"""

from __future__ import annotations

FACE_PAIRS_SOURCE = "4,000 randomised pairs by race and gender, Microsoft, responsible-ai-toolbox (MIT)"
FACE_PAIRS_FILE = "rai_face_verification/face_verify_sample_rand_data.csv"
"""Where the table stands below the folder of data; it is not part of this package."""
FACE_PAIRS_SHA256 = "d5679e34545530614e5d1153692a3aa3778ad382d5bcbbfad0c086ac8f2a9833"
FACE_PAIRS_THRESHOLD = 0.5
FACE_PAIRS_FNMR = (
    ("Black,Female", (8, 511)),
    ("Black,Male", (1, 519)),
    ("White,Female", (8, 508)),
    ("White,Male", (10, 510)),
)
"""False non-matches and genuine pairs of each group."""
FACE_PAIRS_FMR = (0, 1952)
"""False matches and impostor pairs; all of them are of one race and gender."""
FACE_PAIRS_BLACK_WOMEN = (0, 489)
FACE_PAIRS_BELOW = 0.00153
"""By the rule of three, with 95 % confidence, FMR is below this: 1 − 0.05^(1/1952)."""
FACE_PAIRS_DIFFERENCE = 0.0177
"""The largest difference of FNMR between groups, as the toolbox's notebook prints it."""

GENDER_SHADES_SOURCE = "Buolamwini & Gebru (2018), Gender Shades, PMLR 81:77-91, IBM's classifier of 2017"
GENDER_SHADES_IBM = (
    # skin, gender, label, prediction, faces
    ("darker", "female", "female", "female", 177),
    ("darker", "female", "female", "male", 94),
    ("darker", "male", "male", "male", 280),
    ("darker", "male", "male", "female", 38),
    ("lighter", "female", "female", "female", 275),
    ("lighter", "female", "female", "male", 21),
    ("lighter", "male", "male", "male", 384),
    ("lighter", "male", "male", "female", 1),
)
GENDER_SHADES_ERRORS = (
    # grouping, group, wrong answers and faces, error rate in per cent as printed
    ("", "", (154, 1270), 12.1),
    ("gender", "female", (115, 567), 20.3),
    ("gender", "male", (39, 703), 5.6),
    ("skin", "darker", (132, 589), 22.4),
    ("skin", "lighter", (22, 681), 3.2),
    ("skin,gender", "darker,female", (94, 271), 34.7),
    ("skin,gender", "darker,male", (38, 318), 12.0),
    ("skin,gender", "lighter,female", (21, 296), 7.1),
    ("skin,gender", "lighter,male", (1, 385), 0.3),
)

BFW_SOURCE = "Balanced Faces in the Wild (BFW), rank-1 errors by group, as its authors' notebook prints them"
BFW_GROUPS = ("AF", "AM", "BF", "BM", "IF", "IM", "WF", "WM")
"""Asian, Black, Indian and white; female and male."""
BFW_SEARCHES = 2500
"""Of each group."""
BFW_CONFUSION = (
    # Row: the group searched for; column: the group of the nearest person, who is the wrong one.
    (290, 21, 2, 0, 2, 0, 0, 0),
    (23, 168, 0, 0, 0, 3, 1, 2),
    (2, 0, 106, 8, 8, 0, 5, 0),
    (0, 0, 13, 100, 0, 3, 1, 3),
    (3, 0, 0, 0, 130, 4, 2, 0),
    (0, 6, 0, 1, 7, 110, 0, 3),
    (1, 1, 4, 0, 2, 0, 72, 4),
    (0, 2, 1, 1, 0, 6, 0, 19),
)
BFW_ERRORS = (315, 197, 129, 120, 139, 127, 84, 29)
"""The sums of the rows, added by hand."""
