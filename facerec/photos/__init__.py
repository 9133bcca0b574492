"""Photos: reading one from whatever holds it, the formats that are read, and the photos of a folder.

>>> from facerec.photos import read
"""

from facerec.photos.reader import Photo, Source, name_of, read, read_photo

__all__ = ["Photo", "Source", "name_of", "read", "read_photo"]
