"""Names that look like somebody else's are refused where people are named, and told where they come from elsewhere."""

import numpy as np
import pytest

from facerec.errors import LookAlikeError
from facerec.visible_text import skeleton

_PAIRS = [
    ("finn", "\ufb01nn"),
    ("Ada IV", "Ada \u2163"),
    ("Ada", "\u0410da"),
    ("bob", "b\u043eb"),
    ("O'Neill", "O\u2019Neill"),
    ("Ada Wong", "Ada\u00a0Wong"),
]


@pytest.mark.parametrize(("name", "other"), _PAIRS)
def test_a_look_alike_is_nobody_new(gallery, build, name, other):
    """Neither by enrolling, nor by renaming or splitting; the message says which characters differ."""
    gallery.enroll(name, [build.face(1), build.face(2)])
    gallery.enroll("eve", [build.face(3), build.face(4)])
    sample = gallery.samples("eve")[0].number

    for attempt in (
        lambda: gallery.enroll(other, build.face(5)),
        lambda: gallery.rename("eve", other),
        lambda: gallery.split("eve", other, sample),
    ):
        with pytest.raises(LookAlikeError, match=r"look alike, and"):
            attempt()
    assert [person.name for person in gallery] == [name, "eve"]
    assert gallery.check().intact


def test_whoever_is_renamed_may_look_like_before(gallery, build):
    """A person's own old name is nobody else's."""
    gallery.enroll("\u0410da", build.face(1))

    assert gallery.rename("\u0410da", "Ada").name == "Ada"
    gallery.forget("Ada")
    assert gallery.enroll("\u0410da", build.face(1)).created


def test_imported_look_alikes_are_told(gallery_factory, build, tmp_path, caplog):
    """Nothing of an archive is lost; a warning names the two."""
    with gallery_factory("one.db") as one, gallery_factory("two.db") as two:
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
