"""What the library does, on real photos, in a minute: ``facerec demo``.

``photos.py`` finds the photos, ``steps.py`` walks through them with the public API and shows each step as blocks of a
page, ``made.py`` makes the pictures that no set of photos holds, ``page.py`` puts the page together.
"""

from facerec.demo.page import Setting, write_page
from facerec.demo.photos import sample_photos, users_photos
from facerec.demo.steps import Step, walk

__all__ = ["Setting", "Step", "sample_photos", "users_photos", "walk", "write_page"]
