"""What another process does when it is asked: the right part of the work, with what was sent."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from facerec.errors import TransferError
from facerec.learning.team import Team, Teamwork
from facerec.transfer import follower
from facerec.transfer.cells import Cell
from facerec.transfer.grid import Settings
from facerec.transfer.watch import LateError

SETTINGS = {"size": 32, "epochs": 1, "least_steps": 2, "trials": 1}
BEGIN = {
    "data": "photos",
    "label": "kind",
    "exclude": ["raw"],
    "digest": "d",
    "backbones": ["a", "b"],
    "model_files": None,
    "version": "v2",
    "test": 0.3,
    "device": "cpu",
    "engines": {"a": "torch"},
}


class Work:
    """Writes down what it is asked for."""

    def __init__(self, told):
        self.told = told

    def training_speed(self, backbone):
        """As the real one is called."""
        self.told.append(("speed", backbone))

    def compute_together(self, backbone, settings, *, corrupt):
        """As the real one is called."""
        self.told.append(("features", backbone, settings, corrupt))

    def fit_together(self, cells, settings):
        """As the real one is called."""
        self.told.append(("probes", cells, settings))

    def train_together(self, cell, settings, number, probe, *, checkpoint, watched, deadline):
        """As the real one is called; the first one is late."""
        self.told.append(("train", cell, settings, number, probe, str(checkpoint), watched, deadline))
        if number == 0:
            raise LateError(9.0)


@pytest.fixture
def told(monkeypatch):
    """What was asked of the work, after what it was made of."""
    found = []
    monkeypatch.setattr(
        follower,
        "read_image_set",
        lambda data, *, label, exclude: SimpleNamespace(digest="d", read=(data, label, exclude)),
    )
    monkeypatch.setattr(follower, "load_backbones", lambda *words: words)

    def made(image_set, backbones, *, test, device, features, engines, teamwork):
        found.append((image_set.read, backbones, test, device, features, engines, teamwork.team.rank))
        return Work(found)

    monkeypatch.setattr(follower, "Measurer", made)
    return found


def follow_after(*asked):
    """Ask, in a store of two processes, and let the second one follow."""
    store = torch.distributed.HashStore()
    leader = Teamwork(Team(0, 2, store))
    for what, weights, request in (*asked, ("end", None, {})):
        leader.ask(what, weights, **request)
    follower.follow(Teamwork(Team(1, 2, store)))


def test_every_request_is_done_with_what_was_sent(told):
    """Photos and networks as the first process has them; a training that is late is no end."""
    cell, weights = Cell("a", "lp-ft", 5, 1), (np.eye(2, 3, dtype=np.float32), np.array([0, 1], np.float32))
    sent = {"cell": vars(cell), "settings": SETTINGS, "checkpoint": "x/y", "watched": True}

    follow_after(
        ("begin", None, BEGIN),
        ("speed", None, {"backbone": "b"}),
        ("features", None, {"backbone": "a", "settings": SETTINGS, "corrupt": True}),
        ("probes", None, {"cells": [vars(cell), {**vars(cell), "seed": 2}], "settings": SETTINGS}),
        ("train", weights, sent | {"number": 0}),
        ("train", None, sent | {"number": 1, "watched": False}),
    )

    settings = Settings(**SETTINGS)
    begun, *rest = told
    assert begun == (("photos", "kind", ["raw"]), (["a", "b"], None, "v2"), 0.3, "cpu", None, {"a": "torch"}, 1)
    assert rest[:3] == [
        ("speed", "b"),
        ("features", "a", settings, True),
        ("probes", [cell, Cell("a", "lp-ft", 5, 2)], settings),
    ]
    late, last = rest[3:]
    assert (late[1:4], late[5:]) == ((cell, settings, 0), ("x/y", True, None))
    np.testing.assert_array_equal(late[4].weights[0], weights[0])
    np.testing.assert_array_equal(late[4].weights[1], weights[1])
    by_hand = 1 / (1 + np.exp(-1 - 2 + 1))  # logits 1 and 2 + 1 of the second vector's classes
    assert late[4].scores(np.array([[1, 2, 0]], np.float32))[0, 1] == pytest.approx(by_hand)
    assert last[1:] == (cell, settings, 1, None, "x/y", False, None)


def test_other_photos_are_refused(told):
    """A process that reads another folder of the same name says so."""
    with pytest.raises(TransferError, match="photos: not the photos that the first process reads"):
        follow_after(("begin", None, BEGIN | {"digest": "e"}))
