"""The door to the networks: who is answered, in what order, and what ends it."""

import threading

import pytest

from facerec.errors import ClosedGalleryError, DeadlineError, OverloadedError
from facerec.service.engine import Engine
from facerec.service.lookers import Here
from facerec.service.searches import Gathered
from facerec.testing import made_photo, made_recognizer


class _Held:
    """A detector that waits until a test lets it go on, and raises what it is told to."""

    def __init__(self, inner):
        self._inner = inner
        self.entered, self.let, self.error = threading.Event(), threading.Event(), None
        self.name, self.points_convention = inner.name, inner.points_convention

    def __call__(self, image):
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
