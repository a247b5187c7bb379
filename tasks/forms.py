"""The composer's form. Every range, default and message comes from `kie.parameters`; nothing is repeated here."""

from collections.abc import Mapping
from functools import cached_property
from typing import Any
from uuid import uuid4

from django import forms
from django.conf import settings
from django.http import QueryDict

from kie.parameters import BY_NAME, PROMPT_LIMIT, table
from tasks.reading import Prompt, Whole, read
from usage.prices import today

STALE = "The prompts changed while you were choosing. Look at the list again."
NONE_CHOSEN = "Tick at least one of the prompts."


class ExtendForm(forms.Form):
    """What happens next in a clip; empty leaves it to the provider."""

    nonce = forms.UUIDField(required=False)
    prompt = forms.CharField(
        label="Prompt",
        required=False,
        max_length=PROMPT_LIMIT,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="What happens next. Leave it empty and the clip goes on by itself.",
    )


class ComposeForm(forms.Form):
    """Bound to a POST it validates; `chosen` then holds the prompts to send, `shown` what to draw."""

    nonce = forms.UUIDField(required=False)

    def __init__(self, data: QueryDict | None = None, *, shown: Mapping[str, Any] | None = None) -> None:
        super().__init__(data)
        for row in table(settings.KIE_EXTRA_VERSIONS):
            self.fields[row.name] = forms.CharField(required=False, strip=False)
        self.shown = self._typed(data) if data is not None else dict(shown or {})
        # How many prompts the list had that was shown; None without a list.
        self.rows_shown = _number(str(data["rows"])) if data is not None and "rows" in data else None
        self.mail_wanted = data is not None and data.get("mail_wanted") == "1"
        self._rows = {_number(row) for row in data.getlist("row")} if data is not None else set()
        self.fresh_nonce = str(uuid4())

    @cached_property
    def whole(self) -> Whole:
        """What the text means, worked out when it is asked for: a draft, or a form only shown, never asks."""
        return read(self.shown, today())

    @property
    def ticked(self) -> set[int]:
        """The prompts of the list that are ticked: all of them, unless the list was shown and some were not."""
        everything = {prompt.index for prompt in self.whole.prompts}
        if self.rows_shown != len(everything):
            return everything
        return self._rows & everything

    @property
    def chosen(self) -> list[Prompt]:
        return [prompt for prompt in self.whole.prompts if prompt.index in self.ticked]

    def clean(self) -> dict[str, Any]:
        for name, messages in self.whole.errors.items():
            for message in messages:
                self.add_error("prompt" if name == "template" else name if name in self.fields else None, message)
        if self.rows_shown not in (None, len(self.whole.prompts)):
            self.add_error("prompt", STALE)
        elif not self.chosen and not self.errors:
            self.add_error("prompt", NONE_CHOSEN)
        return self.cleaned_data

    @staticmethod
    def _typed(data: QueryDict) -> dict[str, Any]:
        typed: dict[str, Any] = {name: data[name] for name in BY_NAME if name in data}
        typed["file_urls"] = [url.strip() for url in data.getlist("file_urls") if url.strip()]
        if data.get("file_url"):
            typed["file_url"] = data["file_url"]
        return typed


def _number(text: str) -> int:
    """A row's number, or -1 for what is none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else -1
