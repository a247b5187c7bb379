"""The composer's form. Every range, default and message comes from `kie.parameters`; nothing is repeated here."""

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from django import forms
from django.conf import settings
from django.http import QueryDict

from kie.parameters import BY_NAME, Kind, ParameterErrors, TaskType, table, validate


class ComposeForm(forms.Form):
    """Bound to a POST it validates; `values` then holds what `lifecycle.create` takes, `shown` what to draw."""

    nonce = forms.UUIDField(required=False)

    def __init__(self, data: QueryDict | None = None, *, shown: Mapping[str, Any] | None = None) -> None:
        super().__init__(data)
        self.values: dict[str, Any] = {}
        for row in table(settings.KIE_EXTRA_VERSIONS):
            self.fields[row.name] = forms.CharField(required=False, strip=False)
        self.shown = self._typed(data) if data is not None else dict(shown or {})
        self.fresh_nonce = str(uuid4())

    def clean(self) -> dict[str, Any]:
        given = {name: value for name, value in self.shown.items() if not _is_idle(name, value, self.shown)}
        try:
            self.values = validate(given, settings.KIE_EXTRA_VERSIONS)
        except ParameterErrors as wrong:
            for name, messages in wrong.errors.items():
                for message in messages:
                    self.add_error(name if name in self.fields else None, message)
        return self.cleaned_data

    @staticmethod
    def _typed(data: QueryDict) -> dict[str, Any]:
        typed: dict[str, Any] = {name: data[name] for name in BY_NAME if name in data}
        typed["file_urls"] = [url.strip() for url in data.getlist("file_urls") if url.strip()]
        if data.get("file_url"):
            typed["file_url"] = data["file_url"]
        return typed


def _is_idle(name: str, value: Any, given: Mapping[str, Any]) -> bool:
    """Whether a control of another type was left as it stood: without script the whole form is sent."""
    row = BY_NAME.get(name)
    task_type = str(given.get("task_type") or "")
    if row is None or task_type not in set(TaskType) or TaskType(task_type) in row.takes:
        return False
    return row.kind != Kind.URLS and str(value) == str(row.default)
