"""What left an account and stands in none of our lines: on the page, and told to its owner and the admins."""

from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from accounts.models import ApiKey, User
from tasks import lifecycle
from tests.desk import Desk, fresh
from usage import alerts, balances
from usage.models import Alert, BalanceReading, LedgerEntry
from usage.views import _all_balances

NOON = timezone.localtime().replace(hour=12, minute=0)
MIDNIGHT = NOON.replace(hour=0, second=0, microsecond=0)


def read(desk: Desk, at: datetime, credits: int, on_the_wire: int = 0) -> None:
    BalanceReading.objects.create(
        key_fingerprint=desk.api_key.fingerprint, credits=credits, on_the_wire=on_the_wire, at=at
    )


def page(user: User, name: str = "") -> str:
    client = Client()
    client.force_login(user)
    return str(client.get(f"/usage/{name}").text)


def told() -> list[str]:
    return list(Alert.objects.filter(kind=Alert.Kind.UNEXPLAINED).order_by("pk").values_list("title", flat=True))


def test_a_top_up_hides_no_debit_of_the_same_day(desk: Desk) -> None:
    for hour, credits in enumerate((1000, 700, 1700)):
        read(desk, NOON - timedelta(days=1, hours=-hour), credits)
    [day] = balances.days([desk.api_key.fingerprint], NOON - timedelta(days=2), NOON)
    assert [int(each) for each in (day.taken, day.explained, day.unexplained, day.came_in)] == [300, 0, 300, 1000]
    alerts.raise_due(NOON)
    assert told()[0].startswith("300 credits left")
    found = page(desk.user)
    assert ("300" in found, "1,000" in found) == (True, True)


def test_a_debit_is_told_once_also_when_the_workers_were_down_on_the_day_after(desk: Desk) -> None:
    for hour, credits in enumerate((1000, 600)):
        read(desk, NOON - timedelta(days=2, hours=-hour), credits)
    for _ in range(2):
        cache.delete("unexplained-looked-for")
        alerts.raise_due(NOON)
        Alert.objects.update(day=timezone.localdate() - timedelta(days=1))
    assert len(told()) == 1


def test_a_refund_that_is_read_before_midnight_and_learnt_of_after_it_is_no_debit(desk: Desk) -> None:
    read(desk, MIDNIGHT - timedelta(minutes=20), 992, 8)
    read(desk, MIDNIGHT - timedelta(minutes=2), 1000, 8)
    read(desk, MIDNIGHT + timedelta(minutes=5), 1000, 0)
    found = balances.days([desk.api_key.fingerprint], MIDNIGHT - timedelta(days=1), MIDNIGHT + timedelta(days=1))
    assert [(int(day.unexplained), int(day.came_in)) for day in found] == [(0, 0), (0, 0)]
    # The same holds when the days are looked at from the second one on.
    [day] = balances.days([desk.api_key.fingerprint], MIDNIGHT, MIDNIGHT + timedelta(days=1))
    assert day.unexplained == 0


def odd(desk: Desk, *readings: tuple[int, int]) -> list[int]:
    """What stays unexplained between these readings, (credits, on the wire), a minute apart from now on."""
    start = timezone.now()
    for minute, (credits, on_the_wire) in enumerate(readings, 1):
        read(desk, start + timedelta(minutes=minute), credits, on_the_wire)
    found = balances.movements(desk.api_key.fingerprint, start, start + timedelta(hours=1))
    return [int(each) for each in balances.odd_sums(found)]


@pytest.mark.parametrize(
    ("readings", "left"),
    [
        pytest.param([(992, 8), (1000, 8), (1000, 0)], [0, 0], id="a refund we learn of later"),
        pytest.param([(984, 16), (1000, 16), (1000, 8), (1000, 0)], [0, 0, 0], id="two at once, learnt of one by one"),
        pytest.param([(984, 16), (992, 16), (1000, 16), (1000, 0)], [0, 0, 0], id="one by one, learnt of at once"),
        pytest.param([(1000, 0), (1000, 8), (992, 8)], [0, 0], id="on the wire before it is charged"),
        pytest.param([(992, 8), (1992, 8), (1992, 0)], [-1000, 8], id="a top-up and a refund that never came"),
        pytest.param([(1000, 0), (1300, 0), (1000, 0)], [-300, 300], id="a top-up and a debit of the same sum"),
    ],
)
def test_only_the_two_halves_of_one_event_cancel_out(
    readings: list[tuple[int, int]], left: list[int], desk: Desk
) -> None:
    assert odd(desk, *readings) == left


def test_a_refund_is_known_as_one_also_when_the_next_task_left_meanwhile(desk: Desk) -> None:
    task = desk.running()
    lifecycle.fail(fresh(task), "generation", "failed")
    at = timezone.now() + timedelta(seconds=150)
    LedgerEntry.objects.filter(kind="released").update(at=at)
    assert odd(desk, (992, 8), (1000, 8), (992, 8)) == [0, 0]


def test_an_admin_sees_every_odd_day_and_whose_account_it_was(desk: Desk) -> None:
    root = User.objects.create_user("root@example.com", is_staff=True)
    now = timezone.now()
    for number in range(8):
        for ago in range(6, -1, -1):
            credits = 1000 + ago * 8
            name = desk.api_key.fingerprint if number == 3 else f"{number:032}"
            BalanceReading.objects.create(
                key_fingerprint=name, credits=credits, on_the_wire=-credits, at=now - timedelta(days=ago, minutes=5)
            )
    BalanceReading.objects.filter(key_fingerprint=desk.api_key.fingerprint, at__lt=now - timedelta(days=3)).update(
        credits=1500
    )
    found = page(root, "everyone/")
    assert f">{desk.user} {desk.api_key}</span>" in found
    assert found.count("a former key") > 0
    assert 'class="warn bad"' in found


def test_the_balance_of_an_account_with_two_keys_is_the_one_read_last(desk: Desk) -> None:
    other = ApiKey(user=User.objects.create_user("bob@example.com"))
    other.set_key(desk.key)
    other.save()
    now = timezone.now()
    for late, early in ((desk.api_key, other), (other, desk.api_key)):
        ApiKey.objects.filter(pk=late.pk).update(balance=100, checked_at=now)
        ApiKey.objects.filter(pk=early.pk).update(balance=900, checked_at=now - timedelta(days=9))
        assert _all_balances() == Decimal(100)
