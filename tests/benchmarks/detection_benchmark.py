"""Detection against facenet-pytorch's own MTCNN: time on one thread, and which of its faces are found.

BlazeFace sees a photo at 128 x 128 pixels, so for both detectors: which part of a photo a face must take to be found.

Run: python tests/benchmarks/detection_benchmark.py
"""

import warnings

import numpy as np
import PIL.Image
import torch
from scenes import faces_in_scenes, many_faces, one_face, real_photos
from timing import milliseconds, report
from torchvision.ops import box_iou

from facerec.detect import Mtcnn
from facerec.detect.load import load_detector
from facerec.types import Detections, Image


def peer_boxes(peer: object, image: Image) -> np.ndarray:
    """Boxes (n, 4) of facenet-pytorch, which gives None where there is no face."""
    boxes, _ = peer.detect(PIL.Image.fromarray(image))  # type: ignore[attr-defined]
    return np.empty((0, 4), np.float32) if boxes is None else np.asarray(boxes, np.float32)


def main() -> None:
    """Print the tables."""
    warnings.simplefilter("ignore")  # of facenet-pytorch
    from facenet_pytorch import MTCNN

    torch.set_num_threads(1)
    peer_20 = MTCNN(keep_all=True, select_largest=False, device="cpu")
    peer_40 = MTCNN(keep_all=True, select_largest=False, min_face_size=40, device="cpu")
    ours = {
        "fast, min_face_size 20": Mtcnn(min_face_size=20),
        "default (fast, min_face_size 40)": load_detector("mtcnn"),
        "exact, min_face_size 20": Mtcnn(min_face_size=20, mode="exact"),
        "blazeface": load_detector("blazeface"),
    }

    print("Detection, 1 thread, median of alternating turns")
    for title, image, aims, rounds in (
        ("640 x 480, 1 face", one_face(), (2.4, 4.5, 25), 15),
        ("1280 x 856, 24 faces", many_faces(), (3, 5, 25), 7),
    ):
        picture = PIL.Image.fromarray(image)
        contenders = {
            "facenet-pytorch, min_face_size 20": lambda picture=picture: peer_20.detect(picture),
            "facenet-pytorch, min_face_size 40": lambda picture=picture: peer_40.detect(picture),
            **{name: lambda image=image, detector=detector: detector(image) for name, detector in ours.items()},
        }
        times = milliseconds(contenders, rounds=rounds)
        for name, aim in zip((*list(ours)[:2], "blazeface"), aims, strict=True):
            report(title, times, ours=name, targets={"facenet-pytorch, min_face_size 20": aim})
        at_40 = times["facenet-pytorch, min_face_size 40"] / times["default (fast, min_face_size 40)"]
        print(f"  default against the peer at min_face_size 40: ratio {at_40:.2f}")

    photos = real_photos(lfw=300)
    print(
        f"\nFaces of facenet-pytorch that are found again, {len(photos)} photos (overlap: IoU >= 0.99 exact, 0.5 fast)"
    )
    for name, detector, peer, overlap in (
        ("exact 20 against peer 20", ours["exact, min_face_size 20"], peer_20, 0.99),
        ("fast 20 against peer 20", ours["fast, min_face_size 20"], peer_20, 0.5),
        ("default against peer 40", ours["default (fast, min_face_size 40)"], peer_40, 0.5),
        ("default against peer 20", ours["default (fast, min_face_size 40)"], peer_20, 0.5),
        ("blazeface against peer 40", ours["blazeface"], peer_40, 0.35),
    ):
        wanted = found = extra = 0
        for image in photos:
            theirs, mine = peer_boxes(peer, image), detector(image).boxes
            overlaps = box_iou(torch.tensor(theirs), torch.tensor(mine)) >= overlap
            wanted += len(theirs)
            found += int(overlaps.any(dim=1).sum())
            extra += len(mine) - int(overlaps.any(dim=0).sum())
        print(f"  {name:<28} {found}/{wanted} = {found / wanted:.4f}; {extra} more that the peer does not have")

    print("\nFaces found, by the width of the face as a part of the longer side of a photo of 1600 x 1200")
    for name in ("default (fast, min_face_size 40)", "blazeface"):
        found = []
        for part in (0.25, 0.2, 0.15, 0.12, 0.1, 0.08, 0.06, 0.05):
            hits = [_covers(ours[name](scene), place) for scene, place in faces_in_scenes(part, count=40)]
            found.append(f"{part:.0%}: {np.mean(hits):.2f}")
        print(f"  {name:<34} {'; '.join(found)}")


def _covers(found: Detections, place: tuple[float, float]) -> bool:
    """Whether a face was found around this place, x and y in pixels."""
    corners = found.boxes.reshape(-1, 2, 2)
    return bool(((corners[:, 0] < place) & (place < corners[:, 1])).all(axis=1).any())


if __name__ == "__main__":
    main()
