"""Operating points as files: a threshold never travels without what it was measured on."""

from facerec.points.files import order, read_points, write_points

__all__ = ["order", "read_points", "write_points"]
