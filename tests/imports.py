"""Which packages a program imports, and which of our modules asked for them: what a start costs, without a clock."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Set
from pathlib import Path

ROOT = Path(__file__).parents[1]
_WATCH = """
import json, sys
sys.path.insert(0, {root!r})
class _Watch:
    asked = {{}}
    def find_spec(self, name, path=None, target=None):
        if name in {names!r}:
            frame = sys._getframe()
            while frame and frame.f_globals.get("__name__", "").split(".")[0] not in ("facerec", "audits"):
                frame = frame.f_back
            self.asked.setdefault(name, frame.f_globals["__name__"] if frame else "the program itself")
sys.meta_path.insert(0, _Watch())
"""
_TELL = """
print(json.dumps({name: who for name, who in _Watch.asked.items() if name in sys.modules}), file=sys.__stdout__)
"""


def imported(program: str, names: Set[str], folder: Path = ROOT) -> dict[str, str]:
    """Those of `names` that a program has imported at its end, in a process of its own; each with who asked for it."""
    watched = _WATCH.format(root=str(ROOT), names=set(names))
    done = subprocess.run(
        [sys.executable, "-c", watched + program + _TELL], capture_output=True, text=True, check=False, cwd=folder
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, str] = json.loads(done.stdout.splitlines()[-1])
    return found
