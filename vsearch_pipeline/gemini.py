"""Gemini through google-genai: one kind of question, whose every try is counted and paid for only within limits.

The key comes from the environment only, GEMINI_API_KEY or else GOOGLE_API_KEY; GOOGLE_GEMINI_BASE_URL leads the
library to another server that speaks the same protocol.
"""

from __future__ import annotations

import hashlib
import os
import random
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, ClassVar, Final, Protocol, TypeVar

from pydantic import BaseModel, BeforeValidator, ValidationError

from vsearch_pipeline.errors import ServiceError, SpendingLimitError

if TYPE_CHECKING:
    from google.genai import Client
    from google.genai.errors import APIError
    from google.genai.types import Content, GenerateContentConfig, GenerateContentResponse

_Answer = TypeVar("_Answer", bound=BaseModel)

_KEY_VARIABLES: Final = ("GEMINI_API_KEY", "GOOGLE_API_KEY")
_PROTOCOL: Final = "v1beta"
"""Knows every model, and answers by a JSON schema; the library chooses another from release to release."""
_WORTH_ANOTHER_TRY: Final = frozenset({408, 429, 500, 502, 503, 504})
"""As google-genai's own retries."""
_LONGEST_REASON: Final = 200


class NoKeyError(ServiceError):
    """The environment has no key."""

    code: ClassVar[str] = "no_key"
    retry: ClassVar[bool] = False


class BadAnswerError(ServiceError):
    """Gemini answered, but nothing that can be used: refused, empty, broken off, or not in the form asked for."""

    code: ClassVar[str] = "bad_answer"


@dataclass(frozen=True, slots=True)
class GeminiOptions:
    """
    Attributes:
        timeout_seconds: for one try.
        attempts: tries of a request, at least 1.
        requests_a_day, usd_a_day: limits of a day (UTC) over all models; every try is a request.
        usd_per_million_tokens: of what is asked and of what is answered, thinking included.
        first_pause_seconds: between the first two tries; doubles from try to try, less up to a half by chance.
        longest_pause_seconds: bound of every pause; a service that asks for a longer one is given up at once.
    """

    model: str
    timeout_seconds: float
    attempts: int
    requests_a_day: int
    usd_a_day: float
    usd_per_million_tokens: tuple[float, float]
    first_pause_seconds: float = 1.0
    longest_pause_seconds: float = 60.0


@dataclass(frozen=True, slots=True)
class Spending:
    requests: int
    usd: float


class Ledger(Protocol):
    """Remembers what was paid for; each call is lasting when it returns, and safe beside other processes."""

    def known(self, keys: Collection[str]) -> dict[str, Any]:
        """The kept answers among these keys."""
        ...

    def keep(self, purpose: str, model: str, answers: Mapping[str, Any]) -> None:
        """Keep JSON-able answers by their key; one that is kept already stays as it is."""
        ...

    def spent_today(self) -> Spending:
        """Of all models since midnight UTC."""
        ...

    def begin_request(self, model: str, limit: Spending) -> bool:
        """Count one request, unless the day's requests or money have reached `limit`: then False."""
        ...

    def note(self, model: str, *, input_tokens: int, output_tokens: int, usd: float) -> None:
        """Add what a request turned out to cost."""
        ...


def has_key() -> bool:
    return _key() is not None


def answer_key(*parts: str | bytes) -> str:
    """A digest (64 hexadecimal digits) of everything that was asked, to keep the answer by."""
    digest = hashlib.sha256()
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        digest.update(f"{len(data)}\0".encode())
        digest.update(data)
    return digest.hexdigest()


def short_ids(keys: Sequence[str]) -> list[str]:
    """Beginnings of different digests, long enough to differ: ids that nobody can continue by counting."""
    length = next(n for n in range(6, 65) if len({key[:n] for key in keys}) == len(keys))
    return [key[:length] for key in keys]


def dropping_invalid(item: type[BaseModel]) -> BeforeValidator:
    """Lets a list of an answer lose the items that are no `item`, so that one does not spoil the others."""

    def valid(values: Any) -> Any:
        return [value for value in values if _is_valid(item, value)] if isinstance(values, list) else values

    return BeforeValidator(valid)


class Gemini:
    """A model of Gemini. Without a key it can still say what was answered before, by its ledger."""

    def __init__(self, options: GeminiOptions, ledger: Ledger) -> None:
        self.options = options
        self.ledger = ledger

    @property
    def model(self) -> str:
        return self.options.model

    def ask(self, *, instruction: str, parts: Sequence[str | bytes], answer: type[_Answer]) -> _Answer:
        """Ask once, at temperature 0.

        Args:
            instruction: what is to be done; the only part that the model is told to obey.
            parts: texts and JPEG pictures (bytes), in the order they are shown.
            answer: the form of the answer. Its JSON schema goes along, the answer is validated by it.

        Raises:
            NoKeyError: the environment has no key; nothing was asked.
            BadAnswerError: the answer cannot be used; what it cost is noted.
            ServiceError: there is no answer after all tries, or the service refuses the request.
            SpendingLimitError: a limit of the day is reached; nothing was asked.
        """
        key = _key()
        if key is None:
            raise NoKeyError("Gemini needs a key: set GEMINI_API_KEY in the environment.")
        if not key.isascii():
            raise NoKeyError("Gemini's key has characters that no key has: copy it into GEMINI_API_KEY again.")
        from google.genai.types import Content, GenerateContentConfig, Part

        config = GenerateContentConfig(
            system_instruction=instruction,
            temperature=0.0,
            response_mime_type="application/json",
            response_json_schema=answer.model_json_schema(),
            automatic_continuation=False,  # its requests would not be counted
        )
        shown = [
            Part.from_text(text=part)
            if isinstance(part, str)
            else Part.from_bytes(data=part, mime_type="image/jpeg")
            for part in parts
        ]
        return _read(self._answered(Content(role="user", parts=shown), config), answer)

    @cached_property
    def _client(self) -> Client:
        from google.genai import Client
        from google.genai.types import HttpOptions

        # without retry options the library tries once: the tries are counted here
        timeout = max(1, round(self.options.timeout_seconds * 1000))
        http = HttpOptions(api_version=_PROTOCOL, timeout=timeout)
        return Client(vertexai=False, api_key=_key(), http_options=http)

    def _answered(self, content: Content, config: GenerateContentConfig) -> GenerateContentResponse:
        self._require_client()
        attempt = 0
        while True:
            attempt += 1
            self._begin()
            outcome = self._tried(content, config)
            if not isinstance(outcome, _Failure):
                return outcome
            pause = self._pause(attempt, outcome)
            if pause is None:
                # not while an exception of the library is handled: it holds the request, with the key
                raise ServiceError(f"Gemini ({self.model}) {outcome.reason}{_tries(attempt)}.")
            time.sleep(pause)

    def _require_client(self) -> None:
        """Make it before anything is counted: a wrong proxy or certificate is found out here."""
        try:
            self._client  # noqa: B018
        except Exception as error:  # noqa: BLE001 - the library raises what its parts raise
            problem = self._without_key(f"{type(error).__name__}: {error}")
        else:
            return
        raise ServiceError(f"Gemini's client cannot be made ({problem}): look at proxy and certificate settings.")

    def _begin(self) -> None:
        limit = Spending(self.options.requests_a_day, self.options.usd_a_day)
        if not self.ledger.begin_request(self.model, limit):
            spent = self.ledger.spent_today()
            raise SpendingLimitError(
                f"The day's limit for Gemini is reached ({spent.requests} of {limit.requests} requests,"
                f" {spent.usd:.2f} of {limit.usd:.2f} USD): it goes on after midnight UTC, or raise"
                " VSEARCH_GEMINI_REQUESTS_A_DAY or VSEARCH_GEMINI_USD_A_DAY."
            )

    def _tried(self, content: Content, config: GenerateContentConfig) -> GenerateContentResponse | _Failure:
        from google.genai.errors import APIError

        try:
            response = self._client.models.generate_content(model=self.model, contents=content, config=config)
        except APIError as error:
            said = f": {self._without_key(error.message)}" if error.message else ""
            return _Failure(
                f"answered with error {error.code}{said}", error.code in _WORTH_ANOTHER_TRY, _asked_pause(error)
            )
        except _network_errors() as error:
            if "Timeout" in type(error).__name__:
                return _Failure(f"did not answer within {self.options.timeout_seconds:g} s")
            return _Failure(f"could not be reached: {self._without_key(error)}")
        except (ValueError, TypeError, AttributeError, KeyError):  # the library takes any JSON for an answer
            return _Failure("answered with something that is not its protocol")
        except Exception as error:  # noqa: BLE001 - for instance an address that is none
            told = self._without_key(f"{type(error).__name__}: {error}")
            return _Failure(f"could not be asked: {told}", again=False)
        self._note(response)
        return response

    def _note(self, response: GenerateContentResponse) -> None:
        usage = response.usage_metadata
        if usage is None:
            return
        asked = (usage.prompt_token_count or 0) + (usage.tool_use_prompt_token_count or 0)
        answered = (usage.candidates_token_count or 0) + (usage.thoughts_token_count or 0)
        price_asked, price_answered = self.options.usd_per_million_tokens
        self.ledger.note(
            self.model,
            input_tokens=asked,
            output_tokens=answered,
            usd=(asked * price_asked + answered * price_answered) / 1e6,
        )

    def _pause(self, attempt: int, failure: _Failure) -> float | None:
        """Seconds to wait before the next try; None if there is none."""
        longest = self.options.longest_pause_seconds
        if not failure.again or attempt == self.options.attempts or failure.asked_pause > longest:
            return None
        growing = min(longest, self.options.first_pause_seconds * 2.0 ** (attempt - 1))
        return max(failure.asked_pause, growing * random.SystemRandom().uniform(0.5, 1.0))

    def _without_key(self, reason: object) -> str:
        """One line of a reason that was written elsewhere and might repeat what was sent."""
        text = " ".join(str(reason).split())
        for key in filter(None, map(os.environ.get, _KEY_VARIABLES)):
            text = text.replace(key.strip(), "***")
        return text[:_LONGEST_REASON].rstrip(".")


@dataclass(frozen=True, slots=True)
class _Failure:
    """Why a try failed, whether another may succeed, and how many seconds the service wants to be left alone."""

    reason: str
    again: bool = True
    asked_pause: float = 0.0


def _key() -> str | None:
    return next((key for name in _KEY_VARIABLES if (key := os.environ.get(name, "").strip())), None)


def _tries(attempt: int) -> str:
    return f" ({attempt} tries)" if attempt > 1 else ""


def _network_errors() -> tuple[type[Exception], ...]:
    """google-genai speaks through httpx2 or httpx, whichever is installed."""
    return tuple(import_module(name).RequestError for name in ("httpx2", "httpx") if find_spec(name))


def _asked_pause(error: APIError) -> float:
    headers = getattr(error.response, "headers", {})
    pauses = [headers.get("retry-after"), *_retry_delays(error.details)]
    return max((_seconds(pause) for pause in pauses), default=0.0)


def _retry_delays(body: Any) -> Iterator[Any]:
    """`retryDelay` of every google.rpc.RetryInfo in an error's body."""
    error = body.get("error") if isinstance(body, dict) else None
    details = error.get("details") if isinstance(error, dict) else None
    for detail in details if isinstance(details, list) else ():
        if isinstance(detail, dict):
            yield detail.get("retryDelay")


def _seconds(text: Any) -> float:
    """ "7" or "7.5s"; 0 for anything else, dates included, which Gemini does not send."""
    number = str(text).removesuffix("s")
    return float(number) if number.replace(".", "", 1).isdecimal() else 0.0


def _read(response: GenerateContentResponse, answer: type[_Answer]) -> _Answer:
    from google.genai.types import FinishReason

    if not response.candidates:
        feedback = response.prompt_feedback
        blocked = feedback.block_reason if feedback else None
        raise BadAnswerError(
            f"Gemini refused to answer ({blocked.value})." if blocked else "Gemini gave no answer."
        )
    ended = response.candidates[0].finish_reason
    if ended is not FinishReason.STOP:
        raise BadAnswerError(f"Gemini broke off its answer ({ended.value if ended else 'no reason given'}).")
    content = response.candidates[0].content
    parts = (content.parts if content else None) or ()
    text = "".join(part.text for part in parts if part.text and not part.thought)
    if not text.strip():
        raise BadAnswerError("Gemini gave an empty answer.")
    try:
        return answer.model_validate_json(text)
    except ValidationError as error:
        raise BadAnswerError("Gemini's answer is not in the form it was asked for.") from error


def _is_valid(item: type[BaseModel], value: Any) -> bool:
    try:
        item.model_validate(value)
    except ValidationError:
        return False
    return True
