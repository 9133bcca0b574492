"""The modules beside the notebooks are scripts, no package: tests find them as the notebooks do."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "docs/lecture"))
