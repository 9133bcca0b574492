"""Operating points as files, and the rules by which they decide: a threshold never travels alone."""

from facerec.points.files import order, read_points, write_points
from facerec.points.rules import notes_on

__all__ = ["notes_on", "order", "read_points", "write_points"]
