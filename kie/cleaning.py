"""How one value of each kind is read and checked; the rules themselves are rows of `kie.parameters`."""

from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

from kie.fields import Kind, Parameter, TaskType

URL_LIMIT = 2048


class Wrong(ValueError):
    """One field's message, in words for people."""


def check_text(value: object, label: str, limit: int) -> str:
    """Trimmed text of at most `limit` code points, or `Wrong`.

    Line ends are counted once, as a browser shows them; characters no database or encoder takes are refused.
    """
    text = str(value).replace("\r\n", "\n").strip()
    if len(text) > limit:
        raise Wrong(f"{label} has {len(text):,} characters; at most {limit:,} are allowed.")
    if "\x00" in text or any("\ud800" <= character <= "\udfff" for character in text):
        raise Wrong(f"{label} has a character that cannot be sent.")
    return text


def is_empty(value: object) -> bool:
    if value is None or value is False:
        return True
    if isinstance(value, str):
        return not value.strip()
    return isinstance(value, list | tuple) and all(is_empty(item) for item in value)


def clean(parameter: Parameter, value: object, task_type: TaskType) -> object | None:
    """The value to send, or None to leave the field out."""
    if is_empty(value) or (parameter.kind is Kind.BOOLEAN and _read_boolean(value) is False):
        if task_type in parameter.always and parameter.default is not None:
            return parameter.default
        if task_type in parameter.required:
            raise Wrong(_missing(parameter))
        return None
    if task_type not in parameter.takes:
        raise Wrong(f"{task_type.label} takes no {parameter.label.lower()}.")
    if parameter.kind is Kind.URLS:
        return _clean_urls(parameter, value, task_type)
    return _CLEANERS[parameter.kind](parameter, value)


def _missing(parameter: Parameter) -> str:
    if parameter.name == "prompt":
        return "Write a prompt."
    if parameter.kind is Kind.URLS:
        return "Add a picture to start from."
    return f"{parameter.label} is needed."


def _clean_text_field(parameter: Parameter, value: object) -> str:
    if not isinstance(value, str):
        raise Wrong(f"{parameter.label} must be text.")
    return check_text(value, parameter.label, parameter.max_length or 0)


def _clean_choice(parameter: Parameter, value: object) -> str | int:
    said = "" if isinstance(value, bool) else str(value).strip()
    for choice in parameter.choices:
        if said == str(choice.value):
            return choice.value
    raise Wrong(f"{parameter.label} must be one of {', '.join(str(choice.value) for choice in parameter.choices)}.")


def _clean_integer(parameter: Parameter, value: object) -> int:
    lowest, highest = parameter.minimum or 0, parameter.maximum or 0
    steps = f" in steps of {parameter.step}" if parameter.step > 1 else ""
    wrong = Wrong(f"{parameter.label} must be a whole number from {lowest:,} to {highest:,}{steps}.")
    if isinstance(value, str):
        said = value.strip()
        if not (said.isascii() and said.isdigit() and len(said) <= 6):
            raise wrong
        value = int(said)
    if not isinstance(value, int) or isinstance(value, bool):
        raise wrong
    if not lowest <= value <= highest or value % parameter.step:
        raise wrong
    return value


_YES = frozenset({"true", "on", "yes", "1"})
_NO = frozenset({"false", "off", "no", "0"})


def _read_boolean(value: object) -> bool | None:
    if isinstance(value, bool):
        return value
    word = str(value).strip().lower()
    return True if word in _YES else False if word in _NO else None


def _clean_boolean(parameter: Parameter, value: object) -> bool:
    answer = _read_boolean(value)
    if answer is None:
        raise Wrong(f"{parameter.label} must be yes or no.")
    return answer


def _clean_urls(parameter: Parameter, value: object, task_type: TaskType) -> list[str]:
    items = value.split() if isinstance(value, str) else value
    if not isinstance(items, list | tuple):
        raise Wrong("Pictures must be a list of addresses.")
    urls = [str(item).strip() for item in items if not is_empty(item)]
    fewest, most = parameter.counts[task_type]
    if not fewest <= len(urls) <= most:
        amount = "exactly one picture" if most == 1 else f"{fewest} to {most} pictures"
        raise Wrong(f"{task_type.label} takes {amount}.")
    for url in urls:
        if not is_web_address(url):
            raise Wrong("Each picture must be an http or https address of at most 2,048 characters.")
    return urls


def is_web_address(url: str, schemes: tuple[str, ...] = ("http", "https"), limit: int = URL_LIMIT) -> bool:
    """Whether this is an address a stranger could fetch: allowed scheme, a host, no login, no odd characters."""
    if len(url) > limit or not url.isprintable() or any(mark in url for mark in ' \\"<>'):
        return False
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 - reading it is what checks it
    except ValueError:
        return False
    return parts.scheme in schemes and bool(parts.hostname) and parts.username is None


_CLEANERS: Mapping[Kind, Callable[[Parameter, object], object]] = {
    Kind.CHOICE: _clean_choice,
    Kind.TEXT: _clean_text_field,
    Kind.INTEGER: _clean_integer,
    Kind.BOOLEAN: _clean_boolean,
}
