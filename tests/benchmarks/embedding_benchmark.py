"""Embedding and the whole way from photo to vectors, against dlib's wheel and facenet-pytorch, on one thread.

The dlib-bin wheel is built without BLAS; against a dlib built with OpenBLAS expect about 1.7 times (one face) and
4 times (24 faces) instead. facenet-pytorch's embedder has random weights here, which take the same time as trained.

Run: python tests/benchmarks/embedding_benchmark.py
"""

import warnings

import dlib
import numpy as np
import PIL.Image
import torch
from scenes import many_faces, one_face
from timing import milliseconds, report

from facerec import Recognizer
from facerec.align.upright import upright_chips
from facerec.embed.dlib_resnet import dlib_resnet
from facerec.models import catalogue, weights
from facerec.types import Image


class Dlib:
    """dlib's own pipeline: HOG on the photo enlarged once, 5-point predictor, ResNet."""

    def __init__(self) -> None:
        self.detector = dlib.get_frontal_face_detector()
        self.predictor = dlib.shape_predictor(str(weights.locate(catalogue.DLIB_5PT_WEIGHTS)))
        self.network = dlib.face_recognition_model_v1(str(weights.locate(catalogue.DLIB_RESNET_WEIGHTS)))

    def photo(self, image: Image) -> list:
        """Photo to vectors."""
        shapes = [self.predictor(image, box) for box in self.detector(image, 1)]
        return [self.network.compute_face_descriptor(image, shape) for shape in shapes]

    def chips(self, chips: np.ndarray) -> list:
        """Chips to vectors, in dlib's batch call."""
        return self.network.compute_face_descriptor(list(chips))


class Facenet:
    """facenet-pytorch's MTCNN and InceptionResnetV1."""

    def __init__(self) -> None:
        from facenet_pytorch import MTCNN, InceptionResnetV1

        self.detector = MTCNN(keep_all=True, device="cpu")
        self.network = InceptionResnetV1(pretrained=None).eval()

    @torch.inference_mode()
    def photo(self, image: Image) -> torch.Tensor | None:
        """Photo to vectors."""
        crops = self.detector(PIL.Image.fromarray(image))
        return None if crops is None else self.network(crops)


def main() -> None:
    """Print the tables."""
    warnings.simplefilter("ignore")  # of facenet-pytorch
    torch.set_num_threads(1)
    peer, facenet, recognizer = Dlib(), Facenet(), Recognizer()
    plain = dlib_resnet(flip=False)  # one network pass per chip, the same work as dlib's
    scene = many_faces()
    chips = upright_chips(plain.crop, scene, recognizer.detector(scene))[:24]

    print("1 thread, median of alternating turns")
    for count, aim, rounds in ((1, 6, 11), (len(chips), 20, 5)):
        part = chips[:count]
        times = milliseconds({"ours": lambda p=part: plain(p), "dlib-bin": lambda p=part: peer.chips(p)}, rounds=rounds)
        report(f"chip -> vector, {count} face(s)", times, ours="ours", targets={"dlib-bin": aim})
    for title, image, aim, rounds in (("1 face, 640 x 480", one_face(), 3, 7), ("24 faces, 1280 x 856", scene, 5, 3)):
        found = len(recognizer.faces(image)), len(peer.photo(image)), len(facenet.photo(image))
        times = milliseconds(
            {
                "ours, defaults (flip averaging)": lambda image=image: recognizer.faces(image),
                "dlib-bin, HOG upsampled once": lambda image=image: peer.photo(image),
                "facenet-pytorch": lambda image=image: facenet.photo(image),
            },
            rounds=rounds,
        )
        report(
            f"photo -> vectors, {title} (faces found: ours {found[0]}, dlib {found[1]}, facenet-pytorch {found[2]})",
            times,
            ours="ours, defaults (flip averaging)",
            targets={"dlib-bin, HOG upsampled once": aim, "facenet-pytorch": 1},
        )


if __name__ == "__main__":
    main()
