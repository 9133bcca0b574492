"""The picture of README, from the published audit: python docs/picture.py writes docs/strangers.svg."""

import json
from pathlib import Path

HERE = Path(__file__).resolve().parent
AUDIT = HERE.parent / "reports" / "fairface-dlib-resnet" / "at-shipped-point" / "audit.json"
LEFT, WIDTH, ROW, TOP = 170, 640, 34, 86
LARGEST = 250  # of 1,000, at the right end
SUBTITLE = (
    "Of 1,000 pairs of two strangers of one group, taken for one person by the default model at its default threshold; "
    "95 % intervals"
)
STYLE = """
  text { font: 15px system-ui, sans-serif; fill: #1b2733 }
  .title { font-size: 19px; font-weight: 650 } .small { font-size: 13px; fill: #51606e }
  .line { stroke: #d5dce3 } .range { stroke: #1f6fb2; stroke-width: 3 } .dot { fill: #1f6fb2 }
  @media (prefers-color-scheme: dark) {
    text { fill: #e8edf2 } .small { fill: #a9b6c2 } .line { stroke: #3a4651 }
    .range { stroke: #6db3ee } .dot { fill: #6db3ee }
  }
"""


def main() -> None:
    """Draw, for each group, how many of 1,000 strangers are taken for one person at the default threshold."""
    groups = sorted(json.loads(AUDIT.read_text("utf-8"))["groups"]["race"], key=lambda each: -each["fmr"]["value"])
    told = ", ".join(f"{each['group']} {_of_thousand(each['fmr']['value'])}" for each in groups)
    height = TOP + ROW * len(groups) + 52
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="-12 0 884 {height}" role="img" aria-labelledby="t d">',
        "<title id='t'>One threshold, very different strangers</title>",
        f"<desc id='d'>Of 1,000 pairs of strangers of one group, taken for one person: {told}.</desc>",
        f"<style>{STYLE}</style>",
        '<text class="title" x="0" y="24">One threshold, very different strangers</text>',
        f'<text class="small" x="0" y="48">{SUBTITLE}</text>',
    ]
    for mark in range(0, LARGEST + 1, 50):
        x = _x(mark)
        parts.append(f'<line class="line" x1="{x}" x2="{x}" y1="{TOP - 18}" y2="{TOP + ROW * len(groups) - 12}"/>')
        parts.append(
            f'<text class="small" x="{x}" y="{TOP + ROW * len(groups) + 6}" text-anchor="middle">{mark}</text>'
        )
    for number, each in enumerate(groups):
        y, fmr = TOP + ROW * number, each["fmr"]
        low, value, high = (_x(1000 * fmr[name]) for name in ("low", "value", "high"))
        parts.append(f'<text x="{LEFT - 14}" y="{y + 5}" text-anchor="end">{each["group"].replace("_", " ")}</text>')
        parts.append(f'<line class="range" x1="{low}" x2="{high}" y1="{y}" y2="{y}"/>')
        parts.append(f'<circle class="dot" cx="{value}" cy="{y}" r="6"/>')
        parts.append(f'<text x="{high + 12}" y="{y + 5}">{_of_thousand(fmr["value"])}</text>')
    parts.append(
        f'<text class="small" x="0" y="{height - 8}">dlib-resnet on 4,268 faces of FairFace, labels by its annotators: '
        "reports/fairface-dlib-resnet</text></svg>"
    )
    (HERE / "strangers.svg").write_text("\n".join(parts) + "\n", encoding="utf-8")


def _x(of_thousand: float) -> float:
    return round(LEFT + WIDTH * of_thousand / LARGEST, 1)


def _of_thousand(rate: float) -> str:
    return f"{1000 * rate:.0f}"


if __name__ == "__main__":
    main()
