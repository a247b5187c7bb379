"""Forms of the team's page."""

from decimal import Decimal
from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.core.validators import validate_email

from accounts.models import Role
from mjportal.given import line_of
from usage.models import Budget

MOST_INVITED = 50


def one_line(name: str) -> str:
    """A name as it fits into the subject of a mail; one without a letter is none."""
    if not (line := line_of(name, 60)):
        raise forms.ValidationError("A name needs a letter.")
    return line


class TeamForm(forms.Form):
    name = forms.CharField(label="Name of the team", max_length=60)

    def clean_name(self) -> str:
        return one_line(self.cleaned_data["name"])


class SettingsForm(TeamForm):
    factor_required = forms.BooleanField(label="Every member needs a second factor", required=False)
    lend = forms.BooleanField(label="Lend my key: the team's pictures are paid with it", required=False)


class InviteForm(forms.Form):
    """Several addresses with commas; a budget for each of them may come along."""

    emails = forms.CharField(label="E-mail, several with a comma", max_length=4000)
    role = forms.ChoiceField(label="Role", choices=Role.choices, initial=Role.MEMBER)

    def clean_emails(self) -> list[str]:
        said = [word.strip().lower() for word in self.cleaned_data["emails"].replace(";", ",").split(",")]
        emails = list(dict.fromkeys(word for word in said if word))
        if len(emails) > MOST_INVITED:
            raise forms.ValidationError(f"At most {MOST_INVITED} at once.")
        for email in emails:
            validate_email(email)
        return emails


class BudgetForm(forms.Form):
    """No figure means no budget. `member` is a membership of the team, empty for the whole team."""

    member = forms.IntegerField(required=False)
    credits = forms.DecimalField(label="Credits", required=False, min_value=Decimal(0), max_digits=10, decimal_places=2)
    period = forms.ChoiceField(label="Every", choices=[("month", "a month"), ("week", "a week")], initial="month")
    time_zone = forms.CharField(label="Days of", required=False, max_length=40)

    def clean_time_zone(self) -> str:
        """A name that the computer knows; empty leaves it as it is."""
        name: str = self.cleaned_data["time_zone"].strip()
        if name and name not in available_timezones():
            raise forms.ValidationError(f"{name} is no time zone; they are called like Europe/Berlin.")
        return name


class OwnLiftForm(forms.Form):
    """More for this period, once."""

    credits = forms.DecimalField(label="Credits more", min_value=Decimal(1), max_digits=10, decimal_places=2)
    reason = forms.CharField(label="Why", max_length=200)


class LiftForm(OwnLiftForm):
    """The same for one of several budgets."""

    budget = forms.ModelChoiceField(Budget.objects.none())

    def __init__(self, *args: Any, budgets: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["budget"] = forms.ModelChoiceField(budgets)
