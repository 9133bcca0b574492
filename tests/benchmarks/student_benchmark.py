"""Students against their teacher, the default embedder: aligned face to vector, on one thread.

The students' weights are their starting ones, which take the same time as taught ones. Their accuracy stands in
reports/students, which data/students/recipe.py makes.

Run: python tests/benchmarks/student_benchmark.py
"""

import numpy as np
import torch
from scenes import many_faces
from timing import milliseconds, report

from facerec import Recognizer
from facerec.align.upright import upright_chips
from facerec.embed.dlib_resnet import dlib_resnet
from facerec.embed.trained import network_forward
from facerec.networks.face_network import FaceNetwork
from facerec.training.start import pixels_of
from facerec.training.student_start import load_student
from facerec.types import Chips, Embedder


def untaught(name: str, teacher: Embedder, *, size: int, flip: bool) -> Embedder:
    """A student as it starts."""
    student = load_student(name)
    network = FaceNetwork(
        student.trunk(seed=0, size=size), student.architecture, size=size, head="linear", dimension=teacher.dimension
    )
    pixels = pixels_of(student.backbone, size, teacher.crop.size)
    return Embedder(name, "0" * 64, teacher.dimension, teacher.crop, network_forward(network, pixels, flip=flip))


def main() -> None:
    """Print the tables."""
    torch.set_num_threads(1)
    teacher, recognizer = dlib_resnet(), Recognizer()
    scene = many_faces()
    chips: Chips = np.asarray(upright_chips(teacher.crop, scene, recognizer.detector(scene))[:24])
    students = {
        "one pass": untaught("dlib_resnet", teacher, size=150, flip=False),
        "trim, one pass": untaught("dlib_resnet_trim", teacher, size=150, flip=False),
        "short, one pass": untaught("dlib_resnet_short", teacher, size=150, flip=False),
        "112 pixels, two passes": untaught("dlib_resnet", teacher, size=112, flip=True),
        "half the filters, one pass": untaught("dlib_resnet_half.none", teacher, size=150, flip=False),
    }
    print("1 thread, median of alternating turns")
    for count, rounds in ((1, 21), (len(chips), 7)):
        part = chips[:count]
        contenders = {name: (lambda s=student, p=part: s(p)) for name, student in students.items()}
        times = milliseconds({"teacher": lambda p=part: teacher(p), **contenders}, rounds=rounds)
        for name in students:
            report(f"chip -> vector, {count} face(s), {name}", times, ours=name, targets={"teacher": 1.5})


if __name__ == "__main__":
    main()
