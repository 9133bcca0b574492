"""Names that look like somebody else's are refused where people are named, and told where they come from elsewhere."""

import numpy as np
import pytest

from facerec.errors import LookAlikeError
from facerec.visible_text import skeleton

_PAIRS = [("Ada", "\u0410da"), ("bob", "b\u043eb"), ("O'Neill", "O\u2019Neill"), ("Ada Wong", "Ada\u00a0Wong")]


@pytest.mark.parametrize(("name", "other"), _PAIRS)
def test_a_look_alike_is_nobody_new(any_gallery, build, name, other):
    """Neither by enrolling, nor by renaming or splitting; the message says which characters differ."""
    any_gallery.enroll(name, [build.face(1), build.face(2)])
    any_gallery.enroll("eve", [build.face(3), build.face(4)])
    sample = any_gallery.samples("eve")[0].number

    for attempt in (
        lambda: any_gallery.enroll(other, build.face(5)),
        lambda: any_gallery.rename("eve", other),
        lambda: any_gallery.split("eve", other, sample),
    ):
        with pytest.raises(LookAlikeError, match=r"looks like .* U\+|looks like"):
            attempt()
    assert [person.name for person in any_gallery] == [name, "eve"]
    assert any_gallery.check().intact


def test_whoever_is_renamed_may_look_like_before(any_gallery, build):
    """A person's own old name is nobody else's."""
    any_gallery.enroll("\u0410da", build.face(1))

    assert any_gallery.rename("\u0410da", "Ada").name == "Ada"
    any_gallery.forget("Ada")
    assert any_gallery.enroll("\u0410da", build.face(1)).created


def test_imported_look_alikes_are_told(any_gallery_factory, build, tmp_path, caplog):
    """Nothing of an archive is lost; a warning names the two."""
    with any_gallery_factory("one.db") as one, any_gallery_factory("two.db") as two:
        one.enroll("Ada", build.face(1))
        two.enroll("\u0410da", build.face(2))
        two.export_to(tmp_path / "out")
        caplog.clear()
        one.import_from(tmp_path / "out")

        assert len(one) == 2
        assert ["has a name that looks like 'Ada'" in line for line in caplog.messages] == [True]
        assert np.array_equal(one.vectors("\u0410da"), build.vector(2)[None])


def test_names_of_several_scripts_are_not_look_alikes():
    """A list of names that people have: no two of them look alike."""
    names = [
        *("Ada", "Adam", "Ana", "Anna", "Anne", "Ánna", "Zoë", "Zoe", "Leo", "Léo", "Ole", "Öle", "Ilja", "Lilja"),
        *(
            "Иван",
            "Ивана",
            "Анна",
            "Οδυσσέας",
            "Σοφία",
            "Արամ",
            "محمد",
            "محمود",
            "דוד",
            "名前",
            "田中",
            "김민준",
            "अमित",
        ),
    ]

    assert len({skeleton(name) for name in names}) == len(names)
