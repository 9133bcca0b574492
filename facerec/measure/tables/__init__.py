"""The score table: the contract between whatever compares faces and whoever judges it.

One row per comparison, with the columns `REQUIRED` and, for groups of people, ``probe_<attribute>`` and
``reference_<attribute>``. A score is larger where two faces are more alike. A comparison that could not be made
because no face was found stays as a row with an empty score: a missing score is a result, not a gap.

A table that was scored here is stamped with its matcher in every row (``stamp.py``), and says in ``probe_failure`` and
``reference_failure`` why a score is absent. A vendor's table needs none of these.

Ids and attributes are text and stay as they are: ``007`` keeps its zeros, and ``NA``, ``null`` and ``None`` are names
like any other. Rows are counted from 1, without the header, in every message.
"""

from facerec.measure.tables.pair_scores import score_vectors
from facerec.measure.tables.pseudonyms import pseudonymise
from facerec.measure.tables.score_table import REQUIRED, attributes, check, read, write
from facerec.measure.tables.stamp import stamp_of, stamped

__all__ = [
    "REQUIRED",
    "attributes",
    "check",
    "pseudonymise",
    "read",
    "score_vectors",
    "stamp_of",
    "stamped",
    "write",
]
