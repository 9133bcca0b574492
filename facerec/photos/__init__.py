"""Photos: reading one from whatever holds it, the formats that are read, and the photos of a folder.

>>> from facerec.photos import read
"""

from facerec.photos.reader import Source, name_of, read

__all__ = ["Source", "name_of", "read"]
