"""A service from Python: what is stateless, and the door to its galleries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from facerec.client.connection import Connection, new_key
from facerec.client.gallery import RemoteGallery
from facerec.client.points import KnownPoints, asked_point
from facerec.client.sent import Sent, sent
from facerec.client.told import BY_CODE
from facerec.errors import ArgumentError, FacerecError, ImageError
from facerec.gallery import rules
from facerec.photos.reader import Source
from facerec.types import DEFAULT_CHOICE, Detections, FaceChoice, Faces, Matcher, OperatingPoint, Verification
from facerec.types.looks import Look
from facerec.types.reading import read_value

if TYPE_CHECKING:
    import httpx


def open_remote_gallery(url: str, name: str, key: str | None = None) -> RemoteGallery:
    """The gallery of that name at a service, with a client of its own, which is closed with it; errors as `Client`."""
    client = Client(url, key)
    gallery = client.gallery(name)
    gallery.when_closed = client.close
    return gallery


class Client:
    """Asks one service. Holds connections, and nothing of anybody; several threads may share one. To be closed.

    Parameters
    ----------
    url : str
        Such as ``https://faces.example`` or ``http://127.0.0.1:8000``.
    key : str, optional
        By default that in the variable ``FACEREC_KEY``.
    timeout : float
        Seconds to wait for an answer; a service takes 30 at most by default.
    tries : int
        How often one request is made at most, where the connection breaks or the service is busy.
    patience : float
        Seconds after which it is not tried again; a service that says it will be busy for longer is not asked again.
    transport : httpx.BaseTransport, optional
        What carries requests in place of the network; for tests.
    insecure : bool
        Allow ``http://`` beyond this machine. Whoever can read the network then has the key and all photos.

    Raises
    ------
    ArgumentError
        If the address is none, or not encrypted; if the key cannot be one, or a number is not above 0.
    UnauthenticatedError
        If no key is given, and none is in the environment.
    MissingExtraError
        If httpx is not installed.

    Notes
    -----
    No redirect is followed, and neither proxies nor passwords of the environment are used, so that key and photos
    reach this address or nobody. Certificates are checked by those that this machine trusts (``SSL_CERT_FILE``).

    Examples
    --------
    >>> with Client("http://127.0.0.1:8000", "fr_0123") as client:
    ...     client.gallery("staff")
    <gallery staff at http://127.0.0.1:8000>
    """

    def __init__(
        self,
        url: str,
        key: str | None = None,
        *,
        timeout: float = 60.0,
        tries: int = 5,
        patience: float = 60.0,
        transport: httpx.BaseTransport | None = None,
        insecure: bool = False,
    ) -> None:
        self._connection = Connection(
            url, key, timeout=timeout, tries=tries, patience=patience, transport=transport, insecure=insecure
        )
        self._points = KnownPoints(self._connection)

    def __repr__(self) -> str:
        return f"<client of {self._connection.url}>"  # never the key

    def close(self) -> None:
        """Close the connections; the galleries of this client cannot be used any more."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # -- galleries ----------------------------------------------------------------------------------------------------

    def gallery(self, name: str) -> RemoteGallery:
        """The gallery of that name; nobody is asked yet. `ArgumentError` if no gallery can be called so."""
        rules.check_gallery_name(name)
        return RemoteGallery(self._connection, self._points, name)

    def galleries(self) -> list[str]:
        """What the galleries are called that the key reaches, sorted."""
        return [str(each["id"]) for each in self._connection.ask("GET", "/v1/galleries")[0]["galleries"]]

    def make_gallery(self, name: str) -> RemoteGallery:
        """Make one, bound to the service's embedder; `OutputError` if there is one of that name."""
        made = self.gallery(name)
        self._connection.ask("POST", "/v1/galleries", document={"id": name}, key=new_key())
        return made

    # -- what decides -------------------------------------------------------------------------------------------------

    @property
    def matcher(self) -> Matcher:
        """All that makes scores there."""
        return self._read(Matcher, self._connection.ask("GET", "/v1/models")[0]["matcher"])

    def operating_points(self) -> tuple[OperatingPoint, ...]:
        """Those that may decide there."""
        return tuple(self._points.all())

    def deciding_point(
        self, at: OperatingPoint | str | None = None, *, target_fmr: float | None = None
    ) -> tuple[OperatingPoint, tuple[str, ...]]:
        """As ``Recognizer.deciding_point``; `at` may be the id or the name of one, and by default is the service's."""
        point, notes = self._points.deciding(at, target_fmr)
        return point, tuple(notes)

    # -- photos -------------------------------------------------------------------------------------------------------

    def detect(self, photos: Sequence[Source], *, vectors: bool = False, bgr: bool = False) -> list[Faces | ImageError]:
        """Find the faces of photos, as ``Recognizer.stream``: for each its faces, or the error that says why not.

        Parameters
        ----------
        photos, bgr
            A list or tuple of photos, as for ``Recognizer.faces``; files are sent as they are, the rest as PNG.
        vectors : bool
            With the vector of each face, where the service gives them out (`ForbiddenError` if not). Without, the
            faces' `embeddings` have shape (n, 0).
        """
        if not isinstance(photos, list | tuple):
            message = f"photos must be a list of them; got {type(photos).__name__}"
            raise ArgumentError(message)
        if not photos:
            return []
        several = [sent(photo, bgr=bgr) for photo in photos]
        path = "/v1/embeddings" if vectors else "/v1/detect"
        told, _ = self._connection.ask("POST", path, photos=[("photos", each) for each in several])
        matcher = self._read(Matcher, told["matcher"])
        return [_faces(*each, matcher) for each in zip(several, told["photos"], strict=True)]

    def compare(
        self,
        probe: Source,
        reference: Source,
        *,
        at: OperatingPoint | str | None = None,
        target_fmr: float | None = None,
        choice: FaceChoice = DEFAULT_CHOICE,
        bgr: bool = False,
    ) -> Verification:
        """Decide whether two photos show the same person, as ``Recognizer.verify``.

        `at` is an operating point that the service has, or the id or name of one, `target_fmr` in its place the target
        of one; by default the service's own decides. `NoPointError` if it has none such.
        """
        images = [sent(probe, bgr=bgr), sent(reference, bgr=bgr)]
        form = list(zip(("probe", "reference"), images, strict=True))
        params = {"choice": choice, **asked_point(at, target_fmr)}
        told, _ = self._connection.ask("POST", "/v1/compare", params=params, photos=form)
        found = self._points.decided(Verification, told)
        return replace(found, notes=(*found.notes, *(note for each in images for note in each.said)))

    def _read(self, kind: Any, told: object) -> Any:  # noqa: ANN401 - a value of `kind`
        try:
            return read_value(kind, told, kind.__name__)
        except ArgumentError as error:
            raise self._connection.misunderstood(error) from error


def _faces(image: Sent, told: Mapping[str, Any], matcher: Matcher) -> Faces | ImageError:
    if "problem" in told:
        problem = told["problem"] or {"code": "", "detail": "the service does not say why"}
        kind = BY_CODE.get(problem["code"], FacerecError)
        return (kind if issubclass(kind, ImageError) else ImageError)(problem["detail"])
    faces, n = told["faces"], len(told["faces"])
    detections = Detections(
        np.array([each["box"] for each in faces], np.float32).reshape(n, 4),
        np.array([each["score"] for each in faces], np.float32),
        np.array([each["points"] for each in faces], np.float32).reshape(n, 5, 2),
        (int(told["size"][0]), int(told["size"][1])),
        tuple(Look.parse(each["look"]) for each in faces),
    )
    names = faces[0]["measures"] if faces else ()
    measures = {name: np.array([_number(each["measures"][name]) for each in faces], np.float32) for name in names}
    vectors = np.array([each.get("embedding", ()) for each in faces], np.float32).reshape(n, -1 if n else 0)
    notes = (*image.notes, *told["notes"])
    return Faces(detections, measures, vectors, matcher, told["source"], reading=notes)


def _number(told: float | None) -> float:
    return float("nan") if told is None else told
