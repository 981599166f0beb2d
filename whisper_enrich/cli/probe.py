"""What `doctor` says of the language model, and the small call that it makes when asked to."""

from __future__ import annotations

from pydantic import ValidationError

from whisper_enrich.cli.console import step
from whisper_enrich.errors import ConfigurationError, ModelError
from whisper_enrich.llm.client import AsksModel, ChatClient, StructuredOutputUnsupported
from whisper_enrich.llm.probe import Ok, probe_prompt
from whisper_enrich.llm.request import MODES
from whisper_enrich.llm.structured import BrokenJson, read_json
from whisper_enrich.llm.types import Answer, Prompt
from whisper_enrich.settings import Settings


def models_of(settings: Settings) -> dict[str, str]:
    """The models by what they are for; one entry where one is for all."""
    chat, facts = settings.llm_chat_model, settings.llm_fact_extraction_model
    if chat is None:
        return {}
    return {"summaries": chat, "facts": facts} if facts and facts != chat else {"facts and summaries": chat}


def describe_engine(settings: Settings) -> None:
    """One line: what derives facts and summaries, and why."""
    if not settings.uses_model:
        why = "ENRICHMENT_ENGINE" if settings.enrichment_engine == "extractive" else "no API key for a model is set"
        step(f"Engine: extractive ({why})")
        return
    models = ", ".join(f"{model} for {what}" for what, model in models_of(settings).items())
    kept = {"off": "", "record": "; answers are recorded", "replay": "; answers come from recordings, no call is made"}
    step(f"Engine: language model, {models}{kept[settings.llm_recording]}")


def probe(settings: Settings) -> list[str]:
    """Ask each model one small question and print what came back. Returns what is wrong, in plain sentences."""
    models = models_of(settings)
    if not models:
        return ["LLM_CHAT_MODEL names no model that could be asked. Set it, and LLM_CHAT_API_KEY."]
    try:
        client = ChatClient.connect(settings)
    except ConfigurationError as error:
        return [str(error)]
    problems = [_probe(client, model, settings) for model in models.values()]
    client.close()
    return [problem for problem in problems if problem]


def _probe(client: AsksModel, model: str, settings: Settings) -> str | None:
    prompt = probe_prompt(model, settings.llm_max_output_tokens)
    try:
        answer, mode = _asked(client, prompt)
        said = Ok.model_validate(read_json(answer.text, answer.finish_reason))
    except ModelError as error:
        return str(error)
    except (BrokenJson, ValidationError):
        return (
            f"The model {model} answers, but not with the JSON that it is asked for. Choose a model that can, by "
            "LLM_CHAT_MODEL or LLM_FACT_EXTRACTION_MODEL."
        )
    step(
        f"Model {model}: answered as {answer.model} in {answer.latency_seconds:.2f} s, {_used(answer)}; {_MEANING[mode]}"
    )
    return None if said.ok else f"The model {model} was asked to say that all is well, and did not."


def _asked(client: AsksModel, prompt: Prompt) -> tuple[Answer, str]:
    """The answer, and the strictest mode that the server takes."""
    *stricter, last = MODES
    for mode in stricter:
        try:
            return client.ask(prompt, mode), mode
        except StructuredOutputUnsupported:
            continue
    return client.ask(prompt, last), last


_MEANING = {
    "json_schema": "takes a JSON schema",
    "json_object": "takes no JSON schema, but JSON mode",
    "none": "takes no structured output; JSON is asked for in words",
}


def _used(answer: Answer) -> str:
    usage = answer.usage
    about = "about " if usage.estimated else ""
    cost = f", ${usage.cost:.6f}" if usage.cost is not None else ""
    return f"{about}{usage.tokens_in} tokens in, {usage.tokens_out} out{cost}"
