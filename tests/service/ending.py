"""What obeys orders in a process apart, which imports this module and nothing else of a test."""

import os
import signal
import time
from pathlib import Path

from facerec.errors import MissingWeightsError
from facerec.testing import made_recognizer


class Ending:
    """A detector that ends its process as often as a file says, and never comes back where the file says so."""

    def __init__(self, inner, orders: Path) -> None:
        self._inner, self._orders = inner, orders
        self.name, self.points_convention = inner.name, inner.points_convention

    def __call__(self, image):
        """Obey, then find squares."""
        orders = self._orders.read_text(encoding="ascii") if self._orders.exists() else ""
        if orders.startswith("end"):
            self._orders.write_text(orders.removeprefix("end"), encoding="ascii")
            os.kill(os.getpid(), signal.SIGKILL)
        if orders == "blue ends it" and image[..., 2].max() > 200 > image[..., 0].max():
            os.kill(os.getpid(), signal.SIGKILL)
        if orders == "fail":
            message = "as it was told"
            raise RuntimeError(message)
        while orders == "hang":
            time.sleep(1)
        return self._inner(image)


def never():
    """Begin without weights."""
    message = "no weights"
    raise MissingWeightsError(message)


def dies():
    """End on beginning."""
    os.kill(os.getpid(), signal.SIGKILL)


def ending_recognizer(orders: Path):
    """Of colours, whose detector obeys the file."""
    recognizer = made_recognizer()
    recognizer.detector = Ending(recognizer.detector, orders)
    return recognizer
