"""The proof of the intervals: every study, every number, and whether all of them hold."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence

import numpy as np

from audits.checks.coverage import Coverage, Proof, tally
from audits.checks.studies import Study, all_studies
from facerec.errors import ArgumentError
from facerec.meant import did_you_mean

REPLICATES = 4000
"""Tables of each design and rate where nothing else is asked for."""

QUICK = 200
"""Tables of each design and rate of a quick look."""

_FEWEST = 20


def prove(
    designs: Sequence[str] = (),
    *,
    replicates: int = REPLICATES,
    seed: int = 0,
    studies: Sequence[Study] | None = None,
    progress: Callable[[Study], None] | None = None,
) -> Proof:
    """Simulate tables whose truth is known, and count how often the intervals hold it.

    Parameters
    ----------
    designs : sequence of str
        Parts of the names of studies and designs, such as ``hub``; what matches one of them is simulated. None: all.
    replicates : int
        Tables of each design and rate, at least 1; a study of whole audits makes an eighth of them, at least 20. The
        standard error of a coverage is about 0.22 / √tables.
    seed : int
        The same seed gives the same tables, whichever designs are chosen.
    studies : sequence of Study, optional
        None: `all_studies`.
    progress : callable, optional
        Told of each study before it is simulated.

    Returns
    -------
    Proof

    Raises
    ------
    ArgumentError
        If there is no replicate.
        If no study matches.
    """
    if replicates < 1:
        message = f"at least one replicate is needed; got {replicates}"
        raise ArgumentError(message)
    known = all_studies() if studies is None else studies
    chosen = [study for study in known if not designs or any(part.lower() in str(study).lower() for part in designs)]
    if not chosen:
        names = ", ".join(dict.fromkeys(study.name for study in known))
        message = f"no study or design is called {' or '.join(map(repr, designs))}; studies are {names}"
        message += did_you_mean(designs[0], dict.fromkeys(word for study in known for word in str(study).split()))
        raise ArgumentError(message)
    cells: list[Coverage] = []
    for study in chosen:
        if progress is not None:
            progress(study)
        tables = replicates if study.cost == 1 else max(_FEWEST, replicates // study.cost)
        rng = np.random.default_rng([seed, zlib.crc32(str(study).encode())])
        cells += tally(study.name, study.design, study.simulate(tables, rng))
    return Proof(tuple(cells), replicates, seed)
