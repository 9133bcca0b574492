"""Face detection: MTCNN's cascade over the networks of facenet-pytorch, and BlazeFace; ``load`` knows them by name."""

from facerec.detect.blazeface import BlazeFace
from facerec.detect.mtcnn import Mtcnn
from facerec.detect.second_look import SecondLook

__all__ = ["BlazeFace", "Mtcnn", "SecondLook"]
