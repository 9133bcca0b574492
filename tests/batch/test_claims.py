"""Claims in a shared folder: one owner at a time, the dead are followed at once or after a lease."""

import json
import os
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import asdict, replace

import pytest

from facerec.batch.claims import Claims, Owner
from facerec.errors import ArgumentError, OutputError


def foreign(folder, key, *, number=0, **changes):
    """A claim of somebody else: by default of another machine, of which nothing can be known here."""
    owner = replace(Owner.here(), host="elsewhere", boot="another", token="0" * 16, **changes)
    path = folder / f"{key}.{number}"
    path.write_text(json.dumps(asdict(owner)))
    return path


class TestTaking:
    """take, release, holds."""

    def test_one_of_two_gets_it_and_the_other_once_it_is_given_back(self, tmp_path):
        """A claim keeps others out until it is released; nothing is left then."""
        one, other = Claims(tmp_path), Claims(tmp_path)

        assert one.take("a")
        assert not other.take("a")
        assert one.take("a")
        one.release("a")
        assert other.take("a")
        other.release("a")
        assert list(tmp_path.iterdir()) == []

    def test_of_many_at_once_exactly_one_gets_each(self, tmp_path):
        """Eight threads with claims of their own go for the same hundred keys: each key goes to one of them."""
        claims = [Claims(tmp_path) for _ in range(8)]
        got = [[] for _ in claims]
        start = threading.Barrier(len(claims))

        def go(place):
            start.wait()
            got[place] += [key for key in map(str, range(100)) if claims[place].take(key)]

        threads = [threading.Thread(target=go, args=(place,)) for place in range(len(claims))]
        for each in threads:
            each.start()
        for each in threads:
            each.join()

        assert sorted(key for keys in got for key in keys) == sorted(map(str, range(100)))

    def test_of_many_who_see_a_dead_owner_exactly_one_follows(self, tmp_path):
        """The dead owner's claims go to one of eight each, and not to two, round after round."""
        dead = subprocess.Popen([sys.executable, "-c", "pass"])
        since = Owner.here().since
        dead.wait()
        claims = [Claims(tmp_path) for _ in range(8)]
        for key in map(str, range(40)):
            owner = replace(Owner.here(), process=dead.pid, since=since, token="d")
            (tmp_path / f"{key}.0").write_text(json.dumps(asdict(owner)))
        got = [[] for _ in claims]
        start = threading.Barrier(len(claims))

        def go(place):
            start.wait()
            got[place] += [key for key in map(str, range(40)) if claims[place].take(key)]

        threads = [threading.Thread(target=go, args=(place,)) for place in range(len(claims))]
        for each in threads:
            each.start()
        for each in threads:
            each.join()

        assert sorted(key for keys in got for key in keys) == sorted(map(str, range(40)))

    def test_keys_do_not_mean_each_other(self, tmp_path):
        """A key that begins as another one is another one."""
        one, other = Claims(tmp_path), Claims(tmp_path)

        assert one.take("1")
        assert other.take("10")
        one.release("1")
        assert other.holds("10")


class TestTheDead:
    """Whose claim is taken over, and when."""

    def test_a_process_that_was_killed_is_followed_at_once(self, tmp_path):
        """On the same machine nobody waits for a lease."""
        program = (
            "import sys, time; from pathlib import Path; from facerec.batch.claims import Claims\n"
            "claims = Claims(Path(sys.argv[1])); print(claims.take('a'), flush=True); time.sleep(60)"
        )
        child = subprocess.Popen([sys.executable, "-c", program, tmp_path], stdout=subprocess.PIPE)
        assert child.stdout.readline() == b"True\n"
        ours = Claims(tmp_path)
        assert not ours.take("a")
        assert str(ours.holder("a")) == f"process {child.pid} on {os.uname().nodename}"
        child.kill()
        child.communicate()

        assert ours.take("a")

    def test_a_number_that_another_process_has_by_now_is_dead(self, tmp_path):
        """A process is its number and its beginning."""
        path = tmp_path / "a.0"
        path.write_text(json.dumps(asdict(replace(Owner.here(), since="1", token="0"))))

        assert Claims(tmp_path).take("a")

    def test_an_owner_elsewhere_is_watched_for_a_lease(self, tmp_path):
        """Nobody compares clocks: a claim whose time is long past lives until it was watched for a whole lease."""
        path = foreign(tmp_path, "a")
        os.utime(path, (1, 1))
        ours = Claims(tmp_path, lease=0.3)

        assert not ours.take("a")
        time.sleep(0.15)
        os.utime(path, (2, 2))  # a sign of life
        assert not ours.take("a")
        time.sleep(0.2)
        assert not ours.take("a")
        time.sleep(0.2)
        assert ours.take("a")
        assert (tmp_path / "a.1").exists()

    def test_a_claim_that_says_nothing_is_watched_too(self, tmp_path):
        """A file that its maker had no time to write in is nobody's for a lease."""
        (tmp_path / "a.0").touch()
        ours = Claims(tmp_path, lease=0.1)

        assert not ours.take("a")
        time.sleep(0.15)
        assert ours.take("a")

    def test_signs_of_life_are_given(self, tmp_path):
        """Within a with block a claim is renewed, longer than a lease."""
        with Claims(tmp_path, lease=0.3) as ours:
            ours.take("a")
            watching = Claims(tmp_path, lease=0.3)
            watching._is_dead = lambda path, see=watching._is_dead: see(path)
            for _ in range(8):
                foreign_eyes = watching.take("a")
                assert not foreign_eyes
                time.sleep(0.1)
            assert ours.holds("a")

    def test_who_was_robbed_knows_it_and_takes_nothing_back(self, tmp_path):
        """An owner that slept is told; what it gives back is its own claim and not its follower's."""
        ours = Claims(tmp_path)
        ours.take("a")
        follower = foreign(tmp_path, "a", number=1)

        assert not ours.holds("a")
        ours.release("a")
        assert follower.exists()
        assert not ours.take("a")

    def test_a_claim_made_anew_is_not_taken_for_the_dead_one(self, tmp_path, monkeypatch):
        """Between the look at a dead owner and the claim, another claims anew: who looked goes without."""
        path = foreign(tmp_path, "a")
        ours, other = Claims(tmp_path), Claims(tmp_path)

        def look(_):
            path.unlink()
            assert other.take("a")
            return True

        monkeypatch.setattr(ours, "_is_dead", look)

        assert not ours.take("a")
        assert other.holds("a")
        assert [each.name for each in tmp_path.iterdir()] == ["a.0"]

    def test_others_are_those_who_live(self, tmp_path):
        """Who else works in the folder: not oneself, and not the dead."""
        with Claims(tmp_path) as ours, Claims(tmp_path) as other:
            ours.take("a")
            other.take("b")
            (tmp_path / "c.0").write_text(json.dumps(asdict(replace(Owner.here(), since="1", token="0"))))

            assert ours.others() == (other.owner,)


def test_the_block_gives_claims_back(tmp_path):
    """Also where it ends with an error."""
    with suppress(KeyError), Claims(tmp_path) as ours:
        ours.take("a")
        raise KeyError

    assert list(tmp_path.iterdir()) == []


def test_alone_waits_and_says_for_whom(tmp_path):
    """One after the other: the second is told who has it, once."""
    with Claims(tmp_path) as one, Claims(tmp_path) as other:
        one.take("run")
        threading.Timer(0.7, one.release, ["run"]).start()
        told = []

        with other.alone("run", waiting=told.append):
            assert not one.take("run")

        assert told == [one.owner]
        assert one.take("run")


def test_refusals(tmp_path):
    """A lease is a time, and a folder one that can be written to."""
    (tmp_path / "file").touch()
    with pytest.raises(ArgumentError, match="above 0; got 0"):
        Claims(tmp_path, lease=0)
    with pytest.raises(OutputError, match="cannot hold claims"):
        Claims(tmp_path / "file")
