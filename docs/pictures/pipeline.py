"""Draws the pipeline from the stages of the toolchains: their names, their counts, their dependencies."""

from __future__ import annotations

from html import escape
from pathlib import Path

from blocks.network import find_network
from config.settings import load_settings
from farm.settings import FarmSettings
from integration.fit.settings import FitSettings
from integration.platform import find_platform
from toolchains import choose
from toolchains.common.stage import Per
from toolchains.toolchain import Toolchain

NETWORK, BOARD = "resnet50", "u250"
WIDTH, HEIGHT = 1030, 456
BOX, TALL, PITCH, LEFT = 98, 58, 118, 130
ROWS = {"open": 66, "common": 190, "vitis": 314}
LAST = 5
"""The column of `link`, in both toolchains."""

WORDS = {
    ("open", "hls"): "g++",
    ("open", "stitch"): "one program",
    ("open", "link"): "emulation",
    ("common", "weights"): "images",
    ("vitis", "hls"): "if view: hls",
    ("vitis", "ooc"): "Vivado",
    ("vitis", "placement"): "blocks to SLRs",
    ("vitis", "netlist"): "Vivado",
    ("vitis", "stitch"): "weights in",
    ("vitis", "link"): "v++",
}
_KIND = {Per.BLOCK: "blocks", Per.CORE: "cores", Per.NETWORK: "kernel"}

STYLE = """\
text { font-family: ui-sans-serif, "Segoe UI", "Helvetica Neue", Arial, "DejaVu Sans", sans-serif; fill: #1f2933 }
.name { font-size: 15px; font-weight: 600; text-anchor: middle }
.sub { font-size: 12px; text-anchor: middle; fill: #52606d }
.note { font-size: 12.5px; fill: #52606d }
.band { font-size: 13px; font-weight: 600; fill: #334e68 }
.file { fill: #fffbea; stroke: #b7791f }
.open { fill: #e3f8ec; stroke: #2f855a }
.common { fill: #f0f4f8; stroke: #52606d }
.vitis { fill: #e6effb; stroke: #2b6cb0 }
.card { fill: #f3ebfc; stroke: #6b46c1 }
rect, path { stroke-width: 1.4 }
.arrow { fill: none; stroke: #7b8794; marker-end: url(#tip) }"""


def toolchain(root: Path, *words: str) -> Toolchain:
    """A toolchain with the project's own settings."""
    sections = {"farm": FarmSettings, "fit": FitSettings, **choose.SECTIONS}
    settings = load_settings(root, sections, [f"network={NETWORK}", *words], {"toolchain": choose.CHOICES})
    return choose.find_toolchain(root, settings, find_network(NETWORK), find_platform(BOARD))


def _needed(chain: Toolchain) -> dict[str, set[str]]:
    """The stages that an xclbin needs and that have steps, each with its direct needs only."""
    needs: dict[str, set[str]] = {}
    pending = ["link"]
    while pending:
        name = pending.pop()
        if name not in needs and any(True for _ in chain.items(name)):
            needs[name] = set(chain.stage(name).needs)
            pending += chain.stage(name).needs
    needs = {name: its & set(needs) for name, its in needs.items()}

    def behind(name: str) -> set[str]:
        return needs[name].union(*(behind(each) for each in needs[name]))

    return {name: {one for one in its if not any(one in behind(other) for other in its)} for name, its in needs.items()}


def _columns(needs: dict[str, set[str]]) -> dict[str, int]:
    """The column of each stage: directly left of the stages that need it, or the first if it needs no stage."""
    column = {"link": LAST}
    while len(column) < len(needs):
        for name, before in needs.items():
            after = [column.get(other) for other, its in needs.items() if name in its]
            if name not in column and None not in after:
                column[name] = min(each for each in after if each is not None) - 1 if before else 0
    return column


def _box(x: float, y: float, style: str, name: str, *subs: str, width: int = BOX) -> list[str]:
    lines = [f'<rect class="{style}" x="{x}" y="{y}" width="{width}" height="{TALL}" rx="7"/>']
    top = y + TALL / 2 + 5 - 7.5 * len(subs)
    lines.append(f'<text class="name" x="{x + width / 2}" y="{top}">{escape(name)}</text>')
    for number, sub in enumerate(subs):
        lines.append(f'<text class="sub" x="{x + width / 2}" y="{top + 16 + 14.5 * number}">{escape(sub)}</text>')
    return lines


def _arrow(*path: str) -> str:
    return f'<path class="arrow" d="{" ".join(path)}"/>'


def _stage(chain: Toolchain, band: str, name: str, column: int) -> list[str]:
    count, per = sum(1 for _ in chain.items(name)), chain.stage(name).per
    unit = _KIND[per] if count > 1 else _KIND[per].rstrip("s")
    return _box(LEFT + PITCH * column, ROWS[band], band, name, f"{count} {unit}", WORDS[band, name])


def _on_request(chain: Toolchain, needed: dict[str, set[str]], y: float) -> str:
    """A line with the stages that no xclbin needs."""
    names = [name for name in chain.places if name not in needed]
    return f'<text class="note" x="{LEFT}" y="{y}">on request: {escape(", ".join(names))}</text>'


def _middle(band: str) -> float:
    return ROWS[band] + TALL / 2


def picture(root: Path) -> str:
    """Draw the picture; returns its SVG text."""
    chains = {"open": toolchain(root), "vitis": toolchain(root, "toolchain=vitis", "target=hw")}
    cores = chains["open"].build.network.cores()
    title = f"{NETWORK}: {len(cores)} blocks share {len({core.name for core in cores.values()})} cores"
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" '
        f'role="img" aria-label="From network.yaml to the card">',
        f"<style>\n{STYLE}\n</style>",
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
        '<path d="M0 0 L8 4 L0 8 Z" fill="#7b8794" stroke="none"/></marker></defs>',
        f'<rect x="0.5" y="0.5" width="{WIDTH - 1}" height="{HEIGHT - 1}" rx="10" fill="#ffffff" stroke="#d9e2ec"/>',
        f'<text class="band" x="{LEFT}" y="{ROWS["open"] - 30}">toolchain open: free tools, an emulated card</text>',
        f'<text class="note" x="{WIDTH - 14}" y="{ROWS["open"] - 30}" text-anchor="end">{title}</text>',
        f'<text class="band" x="{LEFT}" y="{ROWS["vitis"] + TALL + 62}">toolchain vitis: AMD\'s tools, an Alveo card '
        "(written, not yet run on AMD's tools)</text>",
    ]
    right = LEFT + PITCH * LAST + BOX
    for band, chain in chains.items():
        needs = _needed(chain)
        column = _columns(needs)
        middle = _middle(band)
        for name, its in needs.items():
            x = LEFT + PITCH * column[name]
            if name != "weights":
                parts += _stage(chain, band, name, column[name])
            for one in its - {"weights"}:
                parts.append(_arrow(f"M{LEFT + PITCH * column[one] + BOX} {middle}", f"H{x - 2}"))
            if "weights" in its:
                begin = LEFT + BOX
                end = ROWS[band] + TALL + 2 if band == "open" else ROWS[band] - 2
                turn = 10 if end > _middle("common") else -10
                at = x + BOX / 2
                parts.append(
                    _arrow(
                        f"M{begin} {_middle('common')}", f"H{at - 10}",
                        f"q10 0 10 {turn}", f"V{end}",
                    )
                )  # fmt: skip
            if not its:
                parts.append(
                    _arrow(f"M{12 + BOX} {_middle('common') if name == 'weights' else middle}", f"H{LEFT - 2}")
                )
        parts += _box(12, ROWS[band], "file", "NAME.yaml", "shapes, folding")
        parts += _box(right + 20, ROWS[band], "file", "xclbin", width=72)
        parts.append(_arrow(f"M{right} {middle}", f"H{right + 18}"))
        parts.append(_arrow(f"M{right + 92} {middle}", f"H{right + 106}"))
        card = ("emulated", "card") if band == "open" else ("Alveo", "card")
        parts += _box(right + 108, ROWS[band], "card", *card, width=90)
        parts.append(_on_request(chain, needs, ROWS[band] - 10 if band == "open" else ROWS[band] + TALL + 26))
    parts += _stage(chains["open"], "common", "weights", 0)
    parts += _box(12, ROWS["common"], "file", "BLOCK.npz", "trained integers")
    parts += _box(right + 92, ROWS["common"], "common", "your Python", "PYNQ", width=106)
    host = right + 108 + 43
    parts.append(_arrow(f"M{host} {ROWS['common']}", f"V{ROWS['open'] + TALL + 2}"))
    parts.append(_arrow(f"M{host} {ROWS['common'] + TALL}", f"V{ROWS['vitis'] - 2}"))
    between = LEFT + PITCH + 14
    parts += [
        f'<text class="note" x="{between}" y="{_middle("open") - 8}">each core is compiled, and its body and</text>',
        f'<text class="note" x="{between}" y="{_middle("open") + 20}">top compared with the integer model</text>',
        f'<text class="note" x="{between}" y="{_middle("common") - 10}">new weights run only what these arrows '
        "lead to: no compiler, no synthesis</text>",
    ]
    return "\n".join([*parts, "</svg>", ""])
