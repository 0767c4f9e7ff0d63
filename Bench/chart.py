"""The results as a picture: bars beside the goals, and memory while a million reports go out."""

from dataclasses import dataclass
from html import escape

INK, PALE, BAR, GOAL = "#1f2933", "#d9dee5", "#2f6f9f", "#c2571a"


@dataclass
class Bar:
    label: str
    ratio: float
    goal: float
    note: str


def text(
    x: float,
    y: float,
    words: str,
    size: int = 13,
    anchor: str = "start",
    colour: str = INK,
    weight: str = "normal",
) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}" fill="{colour}" '
        f'font-weight="{weight}">{escape(words)}</text>'
    )


def rectangle(x: float, y: float, width: float, height: float, colour: str) -> str:
    return f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" fill="{colour}"/>'


def line(points: list[tuple[float, float]], colour: str, width: float = 1.5, dashes: str = "") -> str:
    joined = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return f'<polyline points="{joined}" fill="none" stroke="{colour}" stroke-width="{width}" stroke-dasharray="{dashes}"/>'


SHARES = "Answers a second, as a share of the yardstick's"


def bars(rows: list[Bar], top: float, title: str = SHARES, left: float = 210, digits: int = 2) -> tuple[list[str], float]:
    """A bar a row, a mark at its goal if it has one; returns the shapes and where they end."""
    width, step = 640 - left, 34
    longest = max(1.0, *(max(row.ratio, row.goal) for row in rows)) * 1.05
    shapes = [text(20, top, title, 15, weight="bold")]
    y = top + 18
    for row in rows:
        shapes.append(text(left - 10, y + 17, row.label, anchor="end"))
        shapes.append(rectangle(left, y, width, 24, PALE))
        shapes.append(rectangle(left, y, width * row.ratio / longest, 24, BAR))
        goal = left + width * row.goal / longest
        if row.goal:
            shapes.append(line([(goal, y - 3), (goal, y + 27)], GOAL, 3))
        shapes.append(text(left + width + 12, y + 17, f"{row.ratio:,.{digits}f}   {row.note}"))
        y += step
    shapes.append(line([(left, y + 8), (left + 22, y + 8)], GOAL, 3))
    shapes.append(text(left + 30, y + 12, "goal", 12))
    return shapes, y + 40


def memory(samples: list[tuple[float, float]], top: float, limit: float) -> tuple[list[str], float]:
    """Resident memory over time, from nought, and its limit."""
    left, width, height = 210, 430, 130
    span = max(samples[-1][0], 1)
    highest = max(limit, *(mib for _, mib in samples)) * 1.15
    shapes = [text(20, top, "Resident memory while the million is exported", 15, weight="bold")]
    base = top + 20 + height
    place = lambda at, mib: (left + width * at / span, base - height * mib / highest)  # noqa: E731
    shapes.append(rectangle(left, top + 20, width, height, "#f4f6f8"))
    shapes.append(line([place(0, limit), place(span, limit)], GOAL, 2, "6 4"))
    shapes.append(text(left + width + 12, place(0, limit)[1] + 5, f"goal {limit:.0f} MiB"))
    shapes.append(line([place(at, mib) for at, mib in samples], BAR, 2.5))
    shapes.append(text(left - 10, base, "0", 12, "end"))
    shapes.append(text(left - 10, place(0, samples[-1][1])[1] + 5, f"{samples[-1][1]:.0f} MiB", 12, "end"))
    shapes.append(text(left + width, base + 18, f"{span:.0f} s", 12, "end"))
    return shapes, base + 40


def bars_alone(rows: list[Bar], title: str) -> str:
    """A picture of bars whose labels are long."""
    shapes, bottom = bars(rows, 34, title, left=330, digits=0)
    return whole(shapes, bottom)


def whole(shapes: list[str], bottom: float) -> str:
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 860 {bottom:.0f}" width="860" '
        f'font-family="system-ui, sans-serif">',
        rectangle(0, 0, 860, bottom, "#ffffff"), *shapes, "</svg>", "",
    ])  # fmt: skip


def picture(rows: list[Bar], samples: list[tuple[float, float]], limit: float) -> str:
    upper, y = bars(rows, 34)
    lower, bottom = memory(samples, y, limit)
    return whole([*upper, *lower], bottom)
