"""The loop of every training: what a step does to the gradients."""

import json
import time
from dataclasses import dataclass

import pytest
import torch
from torch import Tensor, nn

from facerec.errors import TransferError
from facerec.learning import checkpoint
from facerec.learning.loop import Loop
from facerec.learning.recipe import Recipe
from facerec.learning.team import Team
from facerec.networks.trunk import Trunk


class Network(nn.Module):
    """A stage of one convolution, and a last layer."""

    device = torch.device("cpu")

    def __init__(self) -> None:
        super().__init__()
        pool = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten())
        stages = [("stem", nn.Conv2d(3, 4, 3))]
        self.trunk = Trunk(body=stages, pool=pool, dimension=4, map_stages={}, map_channels={})
        self.head = nn.Linear(4, 2)

    def forward(self, x: Tensor) -> Tensor:
        """Two numbers per photo."""
        return self.head(self.trunk(x))


class Centre(nn.Module):
    """The distance of vectors from a centre that learns."""

    def __init__(self) -> None:
        super().__init__()
        self.centre = nn.Parameter(torch.full((2,), 5.0))

    def forward(self, vectors: Tensor) -> Tensor:
        """The mean squared distance."""
        return (vectors - self.centre).square().sum(dim=1).mean()


@dataclass(frozen=True)
class Epoch:
    """Nothing is measured."""


@dataclass(frozen=True)
class ScoredEpoch:
    """Its number and how good it is."""

    number: int
    score: float


class MadeLoop(Loop[Epoch, Tensor]):
    """Learns from noise."""

    epoch_type = Epoch

    @property
    def best_epoch(self) -> Epoch:
        """The last."""
        return self.history[-1]

    def _batches(self):
        while True:
            yield torch.randn(8, 3, 6, 6)

    def _loss_of(self, batch):
        loss = self._learned["loss"](self.network(batch))
        return loss, [loss.detach()], len(batch)

    def _measured(self, means):  # noqa: ARG002
        return Epoch()

    def _files_of(self, step):  # noqa: ARG002
        return ()


def test_network_and_loss_are_clipped_together() -> None:
    """The norm of the gradients of the network and of the loss's centres together is at most `clip`."""
    torch.manual_seed(0)
    network, loss = Network(), Centre()
    parameters = [*network.parameters(), *loss.parameters()]
    optimizer = torch.optim.SGD([{"params": parameters, "factor": 1.0}], lr=0.1)
    recipe = Recipe("fine-tune", learning_rate=0.1)
    loop = MadeLoop(network, recipe, optimizer, team=Team(), steps=1, steps_per_epoch=1, loss=loss, clip=0.25)

    loop.run()

    gradients = torch.cat([each.grad.flatten() for each in parameters])
    assert gradients.norm().item() == pytest.approx(0.25, rel=1e-3)


class Alone(Team):
    """One of several whose others do nothing."""

    def add_up(self, tensors) -> None:
        """As if the others had zeros."""

    def share_buffers(self, module) -> None:
        """Nobody is there."""


class Scored(MadeLoop):
    """Each epoch is judged by a list; draws, losses and numbers of photos are noted."""

    looks_at_the_start = True
    epoch_type = ScoredEpoch

    def __init__(self, *args, scores=(), sizes=(8,), losses=None, **options) -> None:
        self.scores, self.sizes, self.losses = scores, sizes, losses
        self.draws, self.seen, self.rates = [], [], []
        super().__init__(*args, **options)

    @property
    def best_epoch(self):
        """The highest, of equal ones the first."""
        return max(self.history, key=lambda each: (each.score, -each.number))

    def _batches(self):
        for step in range(self.step, self.steps):
            size = self.sizes[step % len(self.sizes)]
            yield torch.randn(size, 3, 6, 6, generator=torch.Generator().manual_seed(step))

    def _loss_of(self, batch):
        self.draws.append(torch.rand(1).item())
        self.rates.append([group["lr"] for group in self._optimizer.param_groups])
        loss = self.network(batch).square().mean()
        counted = loss.detach() if self.losses is None else torch.tensor(self.losses[self.step])
        return loss, [counted, counted * 2], len(batch)

    def _measured(self, means):
        self.seen.append(means)
        number = len(self.history)
        return ScoredEpoch(number, self.scores[number] if self.scores else 0.0)


def scored(steps=6, per_epoch=2, *, team=None, **options):
    """A loop of a few steps by Adam, whose last group learns ten times faster."""
    torch.manual_seed(0)
    network = Network()
    groups = [
        {"params": list(network.trunk.parameters()), "factor": 1.0},
        {"params": list(network.head.parameters()), "factor": 10.0},
    ]
    recipe = Recipe("fine-tune", learning_rate=0.1, warmup=0.5, epochs=steps // per_epoch)
    optimizer = torch.optim.Adam(groups, lr=9.0)
    return Scored(network, recipe, optimizer, team=team or Team(), steps=steps, steps_per_epoch=per_epoch, **options)


def test_every_step_of_every_process_draws_anew() -> None:
    """And the same whenever that step is taken."""
    draws = []
    for rank in (0, 1, 0):
        loop = scored(team=Alone(rank, 2))
        loop.run()
        draws.append(loop.draws)

    assert draws[0] == draws[2]
    assert len({*draws[0], *draws[1]}) == 12


def test_rates_rise_and_fall_by_group() -> None:
    """Three of six steps up to the recipe's rate, then a cosine; each group at its factor of it."""
    loop = scored()
    loop.run()

    wanted = [0.1 * share for share in (1 / 3, 2 / 3, 1.0, 1.0, 0.75, 0.25)]
    assert [rate for rate, _ in loop.rates] == pytest.approx(wanted)
    assert [rate for _, rate in loop.rates] == pytest.approx([10 * rate for rate in wanted])


def test_an_epochs_means_are_over_its_photos() -> None:
    """6 and 2 photos with mean losses 1 and 5: 2; what is a sum, 2 and 10, is 12 in 8. Each epoch begins at nothing."""
    loop = scored(steps=4, sizes=(6, 2), losses=(1.0, 5.0, 3.0, 7.0))
    loop.run()

    assert loop.seen == [[], [2.0, 1.5], [4.0, 2.5]]


def test_the_best_network_is_kept_as_it_was() -> None:
    """That of the best epoch, of equal ones the first; what is learned later does not change it."""
    loop, states = scored(scores=(0.1, 0.7, 0.7, 0.2)), {}
    loop.run(each_step=lambda: states.update({loop.step: {n: t.clone() for n, t in loop.network.state_dict().items()}}))

    assert all(torch.equal(loop.best[name], tensor) for name, tensor in states[2].items())
    assert not all(torch.equal(loop.best[name], tensor) for name, tensor in states[6].items())


@pytest.mark.parametrize("cut", [1, 2, 3, 5])
def test_a_state_is_gone_on_from_as_if_nothing_had_been(cut) -> None:
    """Weights, means, draws, history, best network are those of a loop that was not cut, through JSON."""
    scores = (0.1, 0.5, 0.9, 0.3)
    whole, first, second = (scored(scores=scores, sizes=(6, 2, 5)) for _ in range(3))
    whole.run()

    class Cut(Exception):  # noqa: N818 - no error of the project
        """A power cut."""

    def fall() -> None:
        if first.step == cut:
            raise Cut

    with pytest.raises(Cut):
        first.run(each_step=fall)
    values, tensors = first.state()
    second.restore(json.loads(json.dumps(values)), {name: tensor.clone() for name, tensor in tensors.items()})
    assert second.seconds >= values["seconds"] > 0
    second.run()

    assert second.step == whole.step == 6
    assert second.history == whole.history
    assert first.draws + second.draws == whole.draws
    assert (first.seen + second.seen) == whole.seen
    for name, tensor in whole.network.state_dict().items():
        assert torch.equal(second.network.state_dict()[name], tensor)
        assert torch.equal(second.best[name], whole.best[name])


def test_progress_is_told_from_the_start() -> None:
    """The start is epoch 0; steps count from 1, the epoch under way from 1; last loss and last epoch go along."""
    loop, told = scored(losses=(1.0, 2.0, 3.0, 4.0, 5.0, 6.0), scores=(0.0, 0.1, 0.2, 0.3)), []
    loop.run(progress=told.append)

    assert [(each.step, each.epoch, each.loss) for each in told] == [
        (0, 0, None), (1, 1, 1.0), (2, 1, 2.0), (3, 2, 3.0), (4, 2, 4.0), (5, 3, 5.0), (6, 3, 6.0),
    ]  # fmt: skip
    assert [each.last.number for each in told] == [0, 0, 1, 1, 2, 2, 3]
    assert {(each.steps, each.epochs) for each in told} == {(6, 3)}


@pytest.mark.parametrize(("late", "taken"), [(True, 2), (False, 6)])
def test_a_deadline_ends_it_after_an_epoch(late, taken) -> None:
    """Not within one; whether it was complete is told."""
    loop = scored()

    complete = loop.run(deadline=time.monotonic() + (-1 if late else 60))

    assert (complete, loop.step) == (not late, taken)


@pytest.mark.parametrize(("files", "told"), [(8, "f7;"), (9, "f7 and 1 more;")])
def test_a_loss_that_is_no_number_names_step_and_photos(files, told) -> None:
    """Eight of them, and how many more there are; the rate to go below is the recipe's."""
    loop = scored(losses=(1.0, 2.0, float("inf")))
    loop._files_of = lambda step: [f"f{n}" for n in range(files)] if step == 2 else ["another"]

    with pytest.raises(
        TransferError, match=rf"became inf at step 3 of 6, on f0, .*{told} use a learning rate below 0.1"
    ):
        loop.run()


@pytest.mark.parametrize("rank", [0, 1])
def test_a_state_is_kept_after_each_epoch_by_the_first_process(tmp_path, rank, monkeypatch) -> None:
    """Not within one, unless the last time is long ago; what was kept is gone on from, and nobody else writes."""
    monkeypatch.setattr(checkpoint, "_SAVE_EVERY_SECONDS", 60.0)
    file, kept, epochs = tmp_path / "state", [], []
    loop = scored(team=Alone(rank, 2))
    keeper = checkpoint.Keeper(file, {"a": 1}, loop, loop.team)

    def look(progress) -> None:
        values = checkpoint.read_checkpoint(file, identity={"a": 1})[0] if file.exists() else {"step": None}
        kept.append((progress.step, values["step"]))

    assert keeper.run(progress=look, each_epoch=lambda: epochs.append(loop.step))
    if rank:
        assert not file.exists()
        assert epochs == []
        return
    assert kept == [(0, None), (1, None), (2, None), (3, 2), (4, 2), (5, 4), (6, 4)]
    assert epochs == [2, 4, 6]
    assert checkpoint.read_checkpoint(file, identity={"a": 1})[0]["step"] == 6
    again = scored()
    assert checkpoint.Keeper(file, {"a": 1}, again, again.team).go_on()
    assert again.step == 6


def test_a_state_is_kept_within_an_epoch_where_the_last_time_is_long_ago(tmp_path, monkeypatch) -> None:
    """After every step, if no time at all is long."""
    monkeypatch.setattr(checkpoint, "_SAVE_EVERY_SECONDS", -1.0)
    file, kept = tmp_path / "state", []
    loop = scored()

    def look(progress) -> None:
        kept.append(checkpoint.read_checkpoint(file, identity={})[0]["step"] if progress.step > 1 else None)

    checkpoint.Keeper(file, {}, loop, loop.team).run(progress=look)

    assert kept == [None, None, 1, 2, 3, 4, 5]
