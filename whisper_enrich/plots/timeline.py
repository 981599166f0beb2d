"""What was talked about, in minutes of conversation: pauses take no room."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from whisper_enrich.plots.canvas import BLUE, INK, MUTED, RED, RULE, TEXT, Sheet, bare, short

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PAUSE_MINUTES = 30.0
_LEAST_MINUTES = 0.4
_ROW = 15.0
_UNNAMED = "(no telling word)"


@dataclass(frozen=True)
class Block:
    """A stretch about one topic, from ``start`` to ``end`` minutes of conversation. ``opens``: the first of its session."""

    topic: str
    start: float
    end: float
    opens: bool
    bridged: bool | None
    day: datetime


def blocks_of(values: Mapping[str, Any]) -> list[Block]:
    """From a row of strategic_conversation_patterns, oldest first."""
    listed = sorted(values.get("recent_topics") or (), key=lambda item: (item["start_time"], item["end_time"]))
    spans = [(datetime.fromisoformat(item["start_time"]), datetime.fromisoformat(item["end_time"])) for item in listed]
    total = sum(max(_minutes(start, end), _LEAST_MINUTES) for start, end in spans)
    blocks: list[Block] = []
    at, last = 0.0, None
    for item, (start, end) in zip(listed, spans, strict=True):
        opens = last is None or _minutes(last, start) > PAUSE_MINUTES
        if opens and blocks:
            at += total * 0.025
        length = max(_minutes(start, end), _LEAST_MINUTES)
        blocks.append(Block(str(item["topic"]) or _UNNAMED, at, at + length, opens, item.get("bridged"), start))
        at += length
        last = end if last is None else max(last, end)
    return blocks


def _minutes(start: datetime, end: datetime) -> float:
    return (end - start).total_seconds() / 60.0


def topics_of(blocks: Sequence[Block]) -> list[str]:
    """In the order in which they first came up."""
    return list(dict.fromkeys(block.topic for block in blocks))


def timeline_height(blocks: Sequence[Block]) -> float:
    """Pixels that the person's picture needs."""
    return 70.0 + _ROW * len(topics_of(blocks))


def timeline_sheet(page: Sheet, blocks: Sequence[Block]) -> None:
    """The person's picture of strategic_conversation_patterns: a row a topic, joined where one followed the other."""
    topics = topics_of(blocks)
    axes = page.axes(86, 36, page.width - 86 - 10, _ROW * len(topics))
    row = {topic: number for number, topic in enumerate(topics)}
    for before, block in zip([None, *blocks], blocks, strict=False):
        if before is not None and not block.opens:
            colour, style = (MUTED, "-") if block.bridged else (RED, (0, (1.5, 1.2)))
            axes.plot(
                [block.start] * 2, [row[before.topic], row[block.topic]], color=colour, lw=0.9, ls=style, zorder=1
            )
        axes.plot([block.start, block.end], [row[block.topic]] * 2, color=BLUE, lw=7, solid_capstyle="butt", zorder=2)
    axes.set_ylim(len(topics) - 0.4, -0.6)
    axes.set_yticks(range(len(topics)), [short(topic, 16) for topic in topics])
    axes.set_xlim(0.0, blocks[-1].end * 1.005)
    for number in range(len(topics)):
        axes.axhline(number, color=RULE, lw=0.4, zorder=0)
    axes.tick_params(axis="y", labelcolor=INK)
    _days(axes, blocks)
    bare(axes, "left")
    axes.set_xlabel("minutes of conversation; pauses take no room", loc="left")
    page.text(4, 3, "Topics, as one led to the other", color=INK)
    page.text(page.width - 10, 3, "abrupt", color=RED, ha="right")
    page.text(page.width - 10 - 40, 3, "bridged", color=MUTED, ha="right")


def _days(axes: Axes, blocks: Sequence[Block]) -> None:
    """Dates over the sessions, as many as there is room for."""
    width = blocks[-1].end / axes.get_window_extent().width
    free, shown = float("-inf"), None
    for block in blocks:
        words = f"{block.day.day} {block.day:%b}"
        if not block.opens or words == shown or block.start < free:
            continue
        at_the_end = block.start > blocks[-1].end - 32 * width
        axes.text(
            blocks[-1].end if at_the_end else block.start, -1.0, words, color=MUTED, fontsize=TEXT - 1, va="center",
            ha="right" if at_the_end else "left",
        )  # fmt: skip
        axes.plot([block.start] * 2, [-0.75, -0.5], color=MUTED, lw=0.6, clip_on=False)
        free, shown = block.start + 36 * width, words


def draw_rows(axes: Axes, users: Sequence[tuple[str, Sequence[Block]]], *, named: bool) -> None:
    """The partition's picture: a row a user, a block a topic, cut red where the change was abrupt."""
    longest = max(blocks[-1].end for _, blocks in users)
    place = axes.get_window_extent()
    pixel, half = longest / place.width, 9.0 * (max(len(users), 3) + 0.2) / place.height
    for number, (_, blocks) in enumerate(users):
        for turn, block in enumerate(blocks):
            shade = 1.0 if turn % 2 == 0 else 0.55
            axes.plot([block.start, block.end], [number] * 2, color=BLUE, alpha=shade, lw=13, solid_capstyle="butt")
            if not block.opens and block.bridged is False:
                axes.plot([block.start] * 2, [number - half, number + half], color=RED, lw=1.2)
            letters = int((block.end - block.start) / pixel / (TEXT * 0.56))
            if named and letters >= 3:
                axes.text(
                    block.start + 2 * pixel, number, short(block.topic, letters), color="white", va="center_baseline",
                    fontsize=TEXT - 1.5,
                )  # fmt: skip
    axes.set_xlim(0.0, longest)
    axes.set_ylim(max(len(users), 3) - 0.4, -0.6)
    axes.set_yticks(range(len(users)), [label for label, _ in users])
    axes.tick_params(axis="y", labelcolor=INK)
    bare(axes, "left")
