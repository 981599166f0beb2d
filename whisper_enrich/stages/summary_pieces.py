"""The stretches of a window as questions, and the search for the messages to blame where one gets no usable answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby

from whisper_enrich.asking.batches import end_of_point, smaller_part
from whisper_enrich.asking.questions import Question, keeping_to, question, read_combined, read_summary
from whisper_enrich.errors import AnswerUnusable
from whisper_enrich.llm.gateway import Gateway
from whisper_enrich.llm.transcript import Chunk
from whisper_enrich.llm.types import Purpose
from whisper_enrich.messages.model import Message, Speaker
from whisper_enrich.stages.context import StageContext
from whisper_enrich.storage.model_answers import Answered
from whisper_enrich.summaries import faithful
from whisper_enrich.summaries.asked import Stretch, unmasked
from whisper_enrich.summaries.stretches import Points


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a window, and what it is or was asked for: a summary, or that together with facts."""

    chunk: Chunk
    purpose: Purpose

    def question(self, ctx: StageContext) -> Question:
        """What the model is asked."""
        return question(self.purpose, self.chunk, ctx.settings, ctx.run_id)

    @property
    def users(self) -> list[str]:
        """The points with words of the user, in order."""
        return list(dict.fromkeys(m.point_id for m in self.chunk.messages if m.speaker is Speaker.USER))

    @property
    def alone(self) -> str | None:
        """The point, where it is about one alone."""
        points = {message.point_id for message in self.chunk.messages}
        return next(iter(points)) if len(points) == 1 and not self.chunk.context else None

    def parts(self) -> list[Piece]:
        """In two, cut after words of the user, the first the smaller; as `asking.batches.parts`, none with context. What has
        words of the user once comes as the point with them, and what is around it. Empty where that changes nothing."""
        messages = self.chunk.messages
        points = list(dict.fromkeys(message.point_id for message in messages))
        if len(points) == 1:
            return [self._part(messages)] if self.chunk.context else []
        spoken = self.users or points
        if len(spoken) == 1:
            runs = groupby(messages, key=lambda message: message.point_id == spoken[0])
            return [self._part(tuple(run)) for _, run in runs]
        last = spoken[smaller_part(len(spoken)) - 1]
        first = next(
            i for i, m in enumerate(messages) if m.point_id == last and (m.speaker is Speaker.USER or not self.users)
        )
        cut = end_of_point(messages, first) + 1
        return [self._part(messages[:cut]), self._part(messages[cut:])]

    def _part(self, messages: Sequence[Message]) -> Piece:
        return Piece(replace(self.chunk, messages=tuple(messages), context=()), Purpose.SUMMARY)


class AskedBefore:
    """What of a user's talk was asked about before, in groups of points: ``answered``; and, given up on, ``suspects``, one point
    each."""

    def __init__(self, answered: Sequence[Answered], given_up: Sequence[Answered]) -> None:
        self.answered = [one.points for one in answered]
        self.suspects = list(dict.fromkeys(one.points for one in given_up if len(one.points) == 1))
        self._keys = {one.request_key for one in (*answered, *given_up)}
        self._known = {(one.purpose, one.points) for one in (*answered, *given_up)}

    def asked(
        self, ctx: StageContext, chunk: Chunk, contexts: Sequence[tuple[Message, ...]], points: Points
    ) -> Piece | None:
        """The question about the messages of ``chunk`` that was put, with one of these contexts; None where it was put in no
        such words."""
        for purpose in (Purpose.COMBINED, Purpose.SUMMARY):
            if (purpose, points) in self._known:
                for context in contexts:
                    piece = Piece(replace(chunk, context=context), purpose)
                    if piece.question(ctx).prompt.key in self._keys:
                        return piece
        return None


@dataclass
class Search:
    """Asks for stretches, and finds the messages to blame for those that get no usable answer."""

    gateway: Gateway
    ctx: StageContext
    attempts: Mapping[str, int]
    refused: dict[str, AnswerUnusable] = field(default_factory=dict)

    def around(self, pieces: Sequence[Piece]) -> list[Stretch]:
        """The summaries of all of them that get one. What only the bot said beside words of the user that get none is left
        out with them: it says nothing by itself."""
        found = {index: self.of(piece) for index, piece in enumerate(pieces) if piece.users}
        for index, piece in enumerate(pieces):
            beside = [found[i] for i in (index - 1, index + 1) if i in found]
            if not piece.users and (all(beside) or not beside):
                found[index] = self.of(piece)
        return [stretch for index in sorted(found) for stretch in found[index]]

    def of(self, piece: Piece, *, guilty: bool = False) -> list[Stretch]:
        """``guilty`` is what must hold a message to blame: asked about as a whole only where it is one message."""
        parts = piece.parts()
        one_to_blame = True
        if not guilty or not parts:
            try:
                return [self._stretch(piece)]
            except AnswerUnusable as error:
                if not parts:
                    self.refused[piece.chunk.messages[0].point_id] = error
                    return []
                # An answer that is too long is the fault of all messages together.
                one_to_blame = error.reason != "too_long"
        if len(parts) != 2 or len(piece.users) == 1:
            return self.around(parts)
        known = len(self.refused)
        first = self.of(parts[0])
        return first + self.of(parts[1], guilty=one_to_blame and len(self.refused) == known)

    def _stretch(self, piece: Piece) -> Stretch:
        """The summary of one stretch. One that was asked for together with facts is there already."""
        put = piece.question(self.ctx)
        again = self.attempts[piece.alone] if piece.alone else 0
        if piece.purpose is Purpose.COMBINED:
            masked = self.gateway.ask(put.errand, put.prompt, read_combined, given_up_after=again).summary
        else:
            masked = self.gateway.ask(put.errand, put.prompt, keeping_to(put, read_summary), given_up_after=again)
        part = unmasked(masked, put.mask.unmask)
        return Stretch(piece.chunk.messages, part, faithful.quotes_found(part, piece.chunk))
