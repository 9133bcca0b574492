"""What asks a service from Python, with the library's own values: a script moves there by changing one argument.

>>> from facerec.client import Client

``Client(url, key).gallery("staff")`` has the methods of a ``facerec.gallery.Gallery``, and those of a ``Recognizer``
where the work is on photos; they give the same values, and raise the same errors. Neither torch nor a model is needed
on this side. ``pip install "facerec[client]"``.
"""

from facerec.client.client import Client, open_remote_gallery
from facerec.client.gallery import RemoteGallery

__all__ = ["Client", "RemoteGallery", "open_remote_gallery"]
