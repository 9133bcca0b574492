"""The door to the networks: who is answered, in what order, and what ends it."""

import threading
import time

import pytest

from facerec.errors import ClosedGalleryError, DeadlineError, EndedProcessError, OverloadedError
from facerec.service import lookers
from facerec.service.engine import Engine
from facerec.service.lookers import Here
from facerec.service.searches import Gathered
from facerec.testing import made_photo, made_recognizer


class _Held:
    """A detector that waits until a test lets it go on, and raises what it is told to."""

    def __init__(self, inner):
        self._inner = inner
        self.entered, self.let, self.error = threading.Event(), threading.Event(), None
        self.name, self.points_convention, self.seen = inner.name, inner.points_convention, 0

    def __call__(self, image):
        self.seen += 1
        self.entered.set()
        assert self.let.wait(60)
        if self.error is not None:
            raise self.error
        return self._inner(image)


@pytest.fixture
def engine():
    """One whose detector waits to be let."""
    recognizer = made_recognizer()
    held = recognizer.detector = _Held(recognizer.detector)
    made = Engine([Here(recognizer)], waiting=4)
    yield made, held
    held.let.set()
    made.close()


def test_nobody_waits_any_more(engine):
    """A request that was given up while it waited, its time being over, harms nobody who comes after it."""
    made, held = engine
    first = made.submit([made_photo("red")], None, seconds=60)
    assert held.entered.wait(60)
    given_up = made.submit([made_photo("red")], "main", seconds=0)
    late = made.submit([made_photo("red")], "only", seconds=0)
    assert given_up.cancel()
    held.let.set()
    assert len(first.result(60)[0]) == 1
    with pytest.raises(DeadlineError):
        late.result(60)
    assert len(made.submit([made_photo("red", "blue")], None, seconds=60).result(60)[0]) == 2


def test_a_fault_is_of_those_it_was_for(engine):
    """What goes wrong with photos is raised where they were asked about; the next are looked at."""
    made, held = engine
    held.error = RuntimeError("no memory")
    held.let.set()
    with pytest.raises(RuntimeError, match="no memory"):
        made.submit([made_photo("red")], None, seconds=60).result(60)
    held.error = None
    assert len(made.submit([made_photo("red")], None, seconds=60).result(60)[0]) == 1


def test_the_queue_ends_somewhere(engine):
    """At most so many photos wait; a request larger than the queue is taken where nothing waits."""
    made, held = engine
    made.submit([made_photo("red")], None, seconds=60)
    assert held.entered.wait(60)
    made.submit([made_photo("red")] * 3, None, seconds=60)
    made.submit([made_photo("red")], None, seconds=60)
    with pytest.raises(OverloadedError):
        made.submit([made_photo("red")], None, seconds=60)
    assert made.waiting == 4


def test_what_waits_when_it_ends(engine):
    """At the end what was begun is finished, and the rest refused, given up or not."""
    made, held = engine
    begun = made.submit([made_photo("red")], None, seconds=60)
    assert held.entered.wait(60)
    waiting, given_up = (made.submit([made_photo("red")], None, seconds=60) for _ in range(2))
    given_up.cancel()
    held.let.set()
    made.close()
    assert begun.done()
    assert waiting.done()
    with pytest.raises(ClosedGalleryError):
        made.submit([made_photo("red")], None, seconds=60)


def test_each_gets_its_own(engine):
    """Photos of several requests are embedded together, and each request gets those of its own, in its order."""
    made, held = engine
    first = made.submit([made_photo("red")], None, seconds=60)
    assert held.entered.wait(60)
    asked = [made.submit([made_photo(*people)], None, seconds=60) for people in (("blue",), (), ("red", "green"))[::2]]
    held.let.set()
    assert [len(each.result(60)[0]) for each in (first, *asked)] == [1, 1, 2]


def test_many_photos_take_turns(engine, monkeypatch):
    """Between photos that take long others are looked at; each gets all of its own, in its order, once."""
    monkeypatch.setattr(lookers, "TURN", 0.0)
    made, held = engine
    ended = []
    large = made.submit([made_photo(*people) for people in (("red",), ("black",), ("red", "blue"))], None, seconds=60)
    assert held.entered.wait(60)
    small = made.submit([made_photo("blue")], None, seconds=60)
    for name, each in (("large", large), ("small", small)):
        each.add_done_callback(lambda _, name=name: ended.append(name))
    held.let.set()

    assert [len(each) for each in large.result(60)] == [1, 0, 2]
    assert len(small.result(60)[0]) == 1
    assert ended == ["small", "large"]
    assert made.waiting == 0


def test_time_ends_between_turns(engine, monkeypatch):
    """A request whose time is over is not looked at any further, though it was begun."""
    monkeypatch.setattr(lookers, "TURN", 0.0)
    made, held = engine
    large = made.submit([made_photo("red")] * 3, None, seconds=0.2)
    assert held.entered.wait(60)
    time.sleep(0.3)
    held.let.set()

    with pytest.raises(DeadlineError):
        large.result(60)
    assert len(made.submit([made_photo("red")], None, seconds=60).result(60)[0]) == 1
    assert (made.waiting, held.seen) == (0, 2)


class _OneByOne:
    """A looker whose turns are of one photo; each waits until a test lets it."""

    ready = True

    def __init__(self):
        self.turns, self.begun, self.seen = threading.Semaphore(0), threading.Semaphore(0), []

    def __call__(self, photos, _):
        self.begun.release()
        assert self.turns.acquire(timeout=60)
        self.seen.append(photos[0])
        return [photos[0] + "!"]

    def begin(self):
        """There is nothing to begin."""

    def close(self):
        """There is nothing to end."""


def test_what_was_begun_is_finished_in_turns_at_the_end():
    """Ending refuses what waits for its first turn, and not what has had one, whether it is looked at or waits."""
    looker = _OneByOne()
    made = Engine([looker], waiting=8)
    large = made.submit("abc", None, seconds=60)
    assert looker.begun.acquire(timeout=60)
    other = made.submit("de", "main", seconds=60)  # which is not looked at together with it
    looker.turns.release()  # of the large one, which then waits behind the other
    assert looker.begun.acquire(timeout=60)
    small = made.submit("f", None, seconds=60)
    ending = threading.Thread(target=made.close)
    ending.start()
    with pytest.raises(ClosedGalleryError):
        small.result(60)
    for _ in range(4):
        looker.turns.release()
    ending.join()

    assert large.result(60) == ["a!", "b!", "c!"]
    assert other.result(60) == ["d!", "e!"]
    assert looker.seen == list("adbec")


def test_different_choices_are_not_together():
    """Nobody gets the face of another's choice."""
    looker = _Losing({}, failures=3)  # so that all of them wait when it begins
    made = Engine([looker], waiting=8)
    choices = {"a": None, "b": None, "c": "main", "d": "only"}
    asked = [made.submit(photo, choice, seconds=60) for photo, choice in choices.items()]
    try:
        assert [each.result(60) for each in asked] == [["a!"], ["b!"], ["c!"], ["d!"]]
    finally:
        made.close()
    assert looker.batches == [["a", "b"], ["c"], ["d"]]
    assert looker.choices == [None, "main", "only"]


class _Losing:
    """A looker that is lost over a batch as often as it is told to be, and cannot be begun at first."""

    ready = True

    def __init__(self, losses, *, failures=0):
        self.losses, self.failures, self.closed, self.batches, self.choices = losses, failures, False, [], []

    def __call__(self, photos, choice):
        self.choices.append(choice)
        self.batches.append(list(photos))
        if self.losses.get(tuple(photos), 0):
            self.losses[tuple(photos)] -= 1
            raise EndedProcessError
        return [f"{photo}!" for photo in photos]

    def begin(self):
        if self.failures:
            self.failures -= 1
            raise EndedProcessError

    def close(self):
        self.closed = True


def test_who_was_together_is_looked_at_alone(monkeypatch):
    """After a loss each request is by itself, in its order; one that is lost once more is answered so."""
    monkeypatch.setattr("facerec.service.engine._BEAT", 0.01)
    looker = _Losing({("a", "b", "c", "c"): 1, ("b",): 1}, failures=2)
    made = Engine([looker], waiting=8)
    asked = [made.submit(photos, None, seconds=60) for photos in ("a", "b", "cc")]
    try:
        assert asked[0].result(60) == ["a!"]
        assert asked[2].result(60) == ["c!", "c!"]
        with pytest.raises(EndedProcessError):
            asked[1].result(60)
        assert looker.batches == [["a", "b", "c", "c"], ["a"], ["b"], ["c", "c"]]
        assert made.waiting == 0
    finally:
        made.close()
    assert looker.closed


def test_calls_together():
    """Calls that wait are made as one; each gets what is its own, however they mix."""
    begun, let, batches = threading.Event(), threading.Event(), []

    def work(numbers):
        batches.append(numbers)
        begun.set()
        assert let.wait(60)
        return [number * number for number in numbers]

    gathered, found = Gathered(work, most=8), {}

    def call(number):
        found[number] = gathered(number)

    threads = [threading.Thread(target=call, args=(number,)) for number in range(20)]
    threads[0].start()
    assert begun.wait(60)
    for each in threads[1:]:
        each.start()
    while len(gathered._waiting) < 19:
        threading.Event().wait(0.005)
    let.set()
    for each in threads:
        each.join()
    assert found == {number: number * number for number in range(20)}
    assert [len(each) for each in batches] == [1, 8, 8, 3]


def test_calls_that_fail_together():
    """What goes wrong is raised for each call that it was for, and for nobody else."""

    def work(numbers):
        if 3 in numbers:
            message = "three"
            raise ValueError(message)
        return numbers

    gathered = Gathered(work)
    with pytest.raises(ValueError, match="three"):
        gathered(3)
    assert gathered(4) == 4
