"""Draws are part of what a seed means: the same in every release, and none for two purposes."""

from types import SimpleNamespace

import numpy as np

from facerec.learning.loop import AUGMENTATION, DROPOUT
from facerec.learning.recipe import recipe
from facerec.learning.schedule import batch_of, draw_seed
from facerec.training.balance import GroupBatches, Strata
from facerec.training.draws import drawn_photos
from facerec.training.export import pattern_chips
from facerec.training.faces import hold_out
from facerec.training.samplers import PersonBatches
from facerec.training.splits import split_people


def test_purposes_have_draws_of_their_own():
    """Order has 0; what is mirrored says nothing of what is dropped."""
    assert len({0, AUGMENTATION, DROPOUT}) == 3
    one = recipe("fine-tune", seed=3)
    assert len({draw_seed(one, purpose, 5) for purpose in (0, AUGMENTATION, DROPOUT)}) == 3


def test_a_seed_draws_the_same_in_every_release():
    """Who is held out, validates, is compared, and in which order: kept, so that results can be made again."""
    crowd = SimpleNamespace(name="c", identities=tuple(map(str, range(12))), labels=np.arange(12).repeat(2))
    groups = GroupBatches(Strata("g", ("a", "b"), np.array([0, 0, 0, 1, 1, 1, 1, 1])), 4, seed=1)
    plan = recipe("fine-tune", seed=1, batch_size=4, least_steps=0).plan(8)

    found = {
        "held out": np.unique(crowd.labels[hold_out(crowd, seed=1, share=0.25).validation]).tolist(),
        "validation": np.unique(crowd.labels[split_people(crowd, seed=1, fmr=0.1).validation]).tolist(),
        "compared": np.unique(crowd.labels[drawn_photos(crowd.labels, most=6, seed=1)]).tolist(),
        "balanced": np.concatenate(groups.batches(1)).tolist(),
        "people": PersonBatches(np.arange(4).repeat(2), 4, 2, seed=1).batches(1)[0].tolist(),
        "order": batch_of(recipe("fine-tune", seed=1, batch_size=4), plan, 3, np.arange(8)).tolist(),
        "seeds": [draw_seed(recipe("fine-tune", seed=1), purpose, 7) % 1000 for purpose in (AUGMENTATION, DROPOUT)],
        "pattern": pattern_chips("box-24-margin-0 v1", count=2)[1, 12, 12].tolist(),
    }

    assert found == {
        "held out": [0, 6, 9],
        "validation": [2, 4, 6],
        "compared": [2, 3, 11],
        "balanced": [2, 5, 1, 7, 0, 3, 2, 5],
        "people": [0, 1, 4, 5],
        "order": [2, 4, 0, 5],
        "seeds": [747, 654],
        "pattern": [165, 102, 173],
    }
