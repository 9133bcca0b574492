"""What the library does, on real photos, in a minute: ``facerec demo``.

``show.py`` is the order: photos (``published``, ``album``), the walk (``walk``, with pictures ``made`` on the spot) and
the page (``page``, ``answers``, ``about``, ``pictures``). ``steps.py`` holds the values that they hand to one another.
"""

from facerec.demo.show import demonstrate

__all__ = ["demonstrate"]
