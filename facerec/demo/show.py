"""The whole demonstration in order: photos, models, the walk, the page.

What takes long to import is imported in the step that needs it, so that the times of the steps add up to what the
user waited.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

from facerec.demo.published import SOURCE, published_photos
from facerec.demo.steps import Identified, Reported, Setting, Step, of_kind
from facerec.errors import OutputError
from facerec.files import replacing
from facerec.types import OperatingPoint

if TYPE_CHECKING:
    from facerec.recognizer import Recognizer

SCENE = "scene.jpg"


def demonstrate(
    load: Callable[[], Recognizer],
    point: Callable[[Recognizer], OperatingPoint],
    out: Path,
    *,
    photos: Path | None = None,
) -> Iterator[Step]:
    """Show what the library does, on real photos, and write it down.

    Parameters
    ----------
    load : callable
        Makes the recognizer; called once, so that its time can be told.
    point : callable
        Gives the operating point that decides, for example ``Recognizer.operating_point``.
    out : Path
        Folder for the page, the scene and the gallery; made if it does not exist, files of an earlier demonstration
        are replaced.
    photos : Path, optional
        Folder of photos, see ``facerec.demo.album``; by default the published ones are fetched once.

    Yields
    ------
    Step
        As it is done; the last one says where the page is.

    Raises
    ------
    DataSetError
        If there are no photos, or nobody can be enrolled from them.
    OutputError
        If `out` cannot be made or written to.
    FacerecError
        What `load`, `point`, the recognizer and the gallery raise.
    """
    start = perf_counter()
    from facerec.demo.album import candidates

    folder, fetched = published_photos() if photos is None else (photos, False)
    used, left_out = candidates(folder)
    _make(out)
    came = f"in {folder.resolve().name}" if photos is not None else "fetched with pip" if fetched else "in the cache"
    came += "" if photos is not None else ", checked"
    steps = [Step("photos", "Get the photos", f"{len(used)} {came}", perf_counter() - start)]
    yield steps[0]

    start = perf_counter()
    recognizer = load()
    at = point(recognizer)
    models = f"{recognizer.detector.name} and {recognizer.embedder.name}"
    steps.append(Step("models", "Load the models", models, perf_counter() - start))
    yield steps[-1]

    from facerec.demo.walk import GALLERY, walk

    for step in walk(recognizer, used, out, at=at, left_out=left_out):
        steps.append(step)
        yield step

    start = perf_counter()
    setting = Setting(
        source=SOURCE if photos is None else f"the photos in {photos.resolve().name}",
        operating_point=at,
        detector=recognizer.detector.name,
        embedder=recognizer.embedder.name,
        embedder_digest=recognizer.embedder.digest,
        gallery=out / GALLERY,
    )
    reported = _write(out, setting, steps)
    yield Step("page", "Write the page", str(reported.page), perf_counter() - start, (reported,))


def _make(out: Path) -> None:
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        message = f"the folder {out} cannot be made: {error.strerror or error}; choose another one with --out"
        raise OutputError(message) from error


def _write(out: Path, setting: Setting, steps: list[Step]) -> Reported:
    from facerec.demo.page import build_page
    from facerec.demo.pictures import scene_jpeg
    from facerec.reporting import write

    written = write(build_page(setting, steps), out)
    first = next(of_kind((step for step in steps if step.name == "scene"), Identified))
    scene = out / SCENE
    with replacing(scene) as partial:
        partial.write_bytes(scene_jpeg(first))
    try:
        # People of an earlier demonstration must not stay behind because this one shows fewer photos.
        for picture in set(out.glob("report-figure-*.jpeg")) - set(written.attachments):
            picture.unlink()
    except OSError as error:
        message = f"a picture of an earlier demonstration cannot be removed from {out}: {error.strerror or error}"
        raise OutputError(message) from error
    return Reported(written.html, scene, setting)
