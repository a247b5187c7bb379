"""What becomes of somebody's work when they leave a team or the site."""

from uuid import UUID

from django.db import transaction
from django.utils import timezone

from accounts import audit
from accounts.models import Invitation, Membership, Team, User
from accounts.services import delete_key
from accounts.spaces import Space
from gallery.services import hand_over_results
from tasks import lifecycle
from tasks.models import WAITING, Task


def stop_unsent(user_id: int, team_id: UUID | None) -> int:
    """Cancel what this person has waiting in a team (None: in their own space). Returns how many."""
    waiting = Task.objects.filter(Space(user_id, team_id).holds, user_id=user_id, status__in=WAITING)
    return sum(lifecycle.cancel(task) for task in waiting)


def offboard(user: User, by: User, heir: Team | None = None) -> dict[str, int]:
    """Let somebody go in one act: no sign-in, unsent tasks stopped, key wiped, pictures handed to the team `heir`.

    Tasks under way stay theirs until they end. Returns what was done, by name.
    """
    with transaction.atomic():
        User.objects.filter(pk=user.pk).update(is_active=False, team=None)
        waiting = Task.objects.filter(user=user, status__in=WAITING)
        stopped = sum(lifecycle.cancel(task) for task in waiting)
        handed = hand_over(user, heir) if heir else 0
        wiped = int(delete_key(user))
        Membership.objects.filter(user=user).delete()
        Invitation.objects.filter(email=user.email, accepted_at=None).update(withdrawn_at=timezone.now())
        done = {"stopped": stopped, "keys_wiped": wiped, "pictures_handed_over": handed}
        audit.note("off-boarded", actor=by, target=user.email, team=heir, done=done)
    return done


def hand_over(user: User, team: Team) -> int:
    """Give the person's own tasks and pictures to a team. The ledger keeps who spent. Returns how many pictures."""
    Task.objects.filter(user=user, team=None).update(team=team)
    return hand_over_results(user.pk, team.pk)
