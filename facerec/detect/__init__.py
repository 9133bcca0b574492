"""Face detection: MTCNN's cascade, written anew over the three networks of facenet-pytorch."""

from facerec.detect.mtcnn import Mtcnn

__all__ = ["Mtcnn"]
