"""Parts of a stretch of talk: nothing is lost between them, and in the end each is one point."""

from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from whisper_enrich.asking.questions import Talk
from whisper_enrich.llm.types import Purpose
from whisper_enrich.messages.model import Message, Scope, Speaker
from whisper_enrich.stages.summary_pieces import Piece
from whisper_enrich_tests.builders import at

TALK = Talk("elena", "Elena", "ana", "Ana")
SPOKEN = st.lists(st.tuples(st.sampled_from(list(Speaker)), st.integers(0, 5)), min_size=1, max_size=14)


def piece_of(spoken):
    """A stretch in which a point may hold two messages, side by side or apart."""
    messages = [
        Message(
            "elena", f"p{point}", speaker, "ana", at("2026-03-18 09:00") + timedelta(minutes=index), f"line {index}",
            Scope.SHARED, "h",
        )
        for index, (speaker, point) in enumerate(spoken)
    ]  # fmt: skip
    return Piece(TALK.chunk(messages), Purpose.SUMMARY)


@settings(max_examples=80, deadline=None, derandomize=True)
@given(SPOKEN)
def test_parts_are_the_whole_and_come_down_to_single_points(spoken):
    left = [piece_of(spoken)]
    singles = []
    while left:
        piece = left.pop()
        parts = piece.parts()
        if not parts:
            singles.append(piece)
            continue
        assert tuple(m for part in parts for m in part.chunk.messages) == piece.chunk.messages
        assert all(len(part.chunk.messages) < len(piece.chunk.messages) for part in parts)
        left += parts
    assert all(single.alone for single in singles)
    assert sum(len(single.chunk.messages) for single in singles) == len(spoken)
