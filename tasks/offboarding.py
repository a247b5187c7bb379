"""What becomes of somebody's work when they leave a team or the site."""

from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from accounts import audit, teams
from accounts.models import ApiKey, Invitation, Team, User
from accounts.services import delete_key, retire_key
from accounts.spaces import Space
from gallery.services import hand_over_results
from gallery.sharing import close_links_of
from tasks import lifecycle
from tasks.models import WAITING, Task

# How long what is under way may still be followed with the key of somebody who was let go.
LAST_LOOKS = timedelta(days=1)


def stop_unsent(user_id: int, team_id: UUID | None) -> int:
    """Cancel what this person has waiting in a team (None: in their own space). Returns how many."""
    waiting = Task.objects.filter(Space(user_id, team_id).holds, user_id=user_id, status__in=WAITING)
    return sum(lifecycle.cancel(task) for task in waiting)


def offboard(user: User, by: User, heir: Team | None = None) -> dict[str, int]:
    """Let somebody go in one act: no sign-in, tasks stopped, links closed, key wiped, pictures to the team `heir`.

    While tasks of the key are under way, nothing is sent with it any more, but it is wiped only when the last of them
    has ended, or after a day: their pictures are paid for, and only it can ask for them. Returns what was done.
    """
    with transaction.atomic():
        User.objects.filter(pk=user.pk).update(is_active=False, team=None)
        waiting = Task.objects.filter(user=user, status__in=WAITING)
        stopped = sum(lifecycle.cancel(task) for task in waiting)
        handed = hand_over(user, heir) if heir else 0
        close_links_of(user.pk)
        wiped = int(_let_go_of_key(user))
        teams.end_all(user, by)
        Invitation.objects.filter(email=user.email, accepted_at=None).update(withdrawn_at=timezone.now())
        done = {"stopped": stopped, "keys_wiped": wiped, "pictures_handed_over": handed}
        audit.note("off-boarded", actor=by, target=user.email, team=heir, done=done)
    return done


def _let_go_of_key(user: User) -> bool:
    under_way = Task.objects.filter(api_key__user=user, status__in=lifecycle.ON_THE_WIRE)
    return retire_key(user, timezone.now() + LAST_LOOKS) if under_way.exists() else delete_key(user)


def wipe_retired_keys(now: datetime) -> None:
    """Wipe the keys of those who were let go, once nothing of them is under way, or their day is over."""
    under_way = Task.objects.filter(api_key=OuterRef("pk"), status__in=lifecycle.ON_THE_WIRE)
    retired = ApiKey.objects.filter(Q(wipe_at__lte=now) | ~Exists(under_way), wipe_at__isnull=False)
    for key in retired.select_related("user"):
        delete_key(key.user)


def hand_over(user: User, team: Team) -> int:
    """Give the person's own tasks and pictures to a team. The ledger keeps who spent. Returns how many pictures."""
    Task.objects.filter(user=user, team=None).update(team=team)
    return hand_over_results(user.pk, team.pk)
