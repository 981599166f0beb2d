"""What is wrong with an answer, in words for the model, and for people."""

from __future__ import annotations

from collections import Counter

from pydantic import ValidationError

_COMPLAINTS = 8


def for_the_model(error: ValueError) -> str:
    """What is wrong with its answer, for the model to mend: the first few complaints, by place."""
    if isinstance(error, ValidationError):
        complaints = error.errors(include_url=False, include_context=False, include_input=False)
        listed = [f"{'.'.join(map(str, c['loc'])) or 'the answer'}: {c['msg']}" for c in complaints[:_COMPLAINTS]]
        what = "; ".join(listed)
    else:
        what = str(error) or type(error).__name__
    return f"This answer cannot be used. {what}. Answer the same question again, in full, as JSON that fits the schema."


def for_people(error: ValueError) -> str:
    """The same for an error text: kinds alone, as places and messages can repeat what somebody said."""
    if isinstance(error, ValidationError):
        kinds = Counter(c["type"] for c in error.errors(include_url=False, include_context=False, include_input=False))
        return ", ".join(
            f"{kind} {count} times" if count > 1 else kind for kind, count in kinds.most_common(_COMPLAINTS)
        )
    return type(error).__name__
