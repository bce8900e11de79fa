"""Pictures: bars for what is compared, lines for what grows."""

from pathlib import Path
from typing import Any

import matplotlib as mpl

from benchmarks.report import COLUMNS, Rounds, median
from benchmarks.running import Results
from benchmarks.scenarios import ALL, Curve

COLOURS = {
    "collab": "#1f6feb",
    "collab-hocuspocus": "#58a6ff",
    "collab-json": "#79c0ff",
    "collab-postgres": "#0b3d91",
    "hocuspocus": "#d29922",
    "y-websocket": "#8b949e",
    "pycrdt-websocket": "#bc8cff",
}


def draw(results: Results, directory: Path) -> list[Path]:
    """One picture for each figure that heads a scenario, and one for each curve."""
    mpl.use("agg")
    headlines = dict.fromkeys(
        ALL[name].headline for name in results.rounds if ALL[name].curve is None
    )
    drawn = [_draw_bars(results, headline, directory) for headline in headlines]
    curves = dict.fromkeys(ALL[name].curve for name in results.rounds if ALL[name].curve)
    return drawn + [_draw_lines(results, curve, directory) for curve in curves if curve]


def _draw_bars(results: Results, figure: str, directory: Path) -> Path:
    """A row of bars for each scenario, each on a scale of its own."""
    from matplotlib import pyplot as plt

    values = {
        ALL[name].title: {
            server: value
            for server, of in rounds.items()
            if (value := median(of, figure)) is not None
        }
        for name, rounds in results.rounds.items()
        if ALL[name].headline == figure and ALL[name].curve is None
    }
    heights = [0.6 + 0.25 * len(of_scenario) for of_scenario in values.values()]
    picture, all_axes = plt.subplots(
        len(values),
        1,
        figsize=(9, 0.5 + sum(heights)),
        height_ratios=heights,
        layout="constrained",
        squeeze=False,
    )
    for axes, (title, of_scenario) in zip(all_axes.flat, values.items(), strict=True):
        colours = [COLOURS.get(server, "grey") for server in of_scenario]
        bars = axes.barh(list(of_scenario), list(of_scenario.values()), color=colours)
        axes.bar_label(bars, fmt=COLUMNS[figure].write, padding=3, fontsize=8)
        axes.set_title(title, fontsize=9, loc="left")
        axes.tick_params(labelsize=8)
        axes.invert_yaxis()
        axes.margins(x=0.15)
    picture.supxlabel(COLUMNS[figure].heading, fontsize=9)
    return _save(picture, directory / f"{figure}.png")


def _draw_lines(results: Results, curve: Curve, directory: Path) -> Path:
    from matplotlib import pyplot as plt

    picture, all_axes = plt.subplots(
        1, len(curve.figures), figsize=(6 * len(curve.figures), 4), layout="constrained"
    )
    by_place: dict[float, Rounds] = {
        ALL[name].at: rounds for name, rounds in results.rounds.items() if ALL[name].curve == curve
    }
    names = dict.fromkeys(server for rounds in by_place.values() for server in rounds)
    for axes, figure in zip(
        [all_axes] if len(curve.figures) == 1 else all_axes, curve.figures, strict=True
    ):
        for server in names:
            points = [
                (at, value)
                for at, rounds in sorted(by_place.items())
                if server in rounds and (value := median(rounds[server], figure)) is not None
            ]
            if points:
                axes.plot(
                    *zip(*points, strict=True),
                    "o-",
                    label=server,
                    color=COLOURS.get(server, "grey"),
                )
        axes.set_xscale("log")
        axes.set_yscale("log")
        axes.set_xlabel(curve.axis)
        axes.set_ylabel(COLUMNS[figure].heading)
        axes.grid(alpha=0.3)
        axes.legend(fontsize=8)
    picture.suptitle(curve.title)
    return _save(picture, directory / f"{curve.name}.png")


def _save(picture: Any, path: Path) -> Path:
    from matplotlib import pyplot as plt

    picture.savefig(path, dpi=120)
    plt.close(picture)
    return path
