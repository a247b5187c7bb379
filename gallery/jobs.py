"""The background functions of the gallery. Each may run twice, late or never."""

import logging

from django.utils import timezone

from gallery import leases
from gallery.bulk import run as run_bulk
from gallery.decoding import Undecodable
from gallery.downloads import DeadLink, DownloadError
from gallery.leases import Lease, LostLease
from gallery.models import Result
from gallery.notices import warn_owner
from gallery.reviewing import tell_of_picks
from gallery.saving import save
from gallery.services import is_past_saving, wait_before
from gallery.sweeping import sweep

__all__ = ["run_bulk", "save_result", "sweep", "tell_of_picks", "warn_owner"]
logger = logging.getLogger(__name__)
# So many fresh links in a row are fetched without a wait: the record's, and what download-url gives.
DEAD_AT_ONCE = 3


def save_result(pk: str) -> None:
    """Fetch, store and draw one result that is due; afterwards its row says saved, or when to try again."""
    lease = leases.take(pk)
    if lease is None:
        return
    result = Result.objects.get(pk=pk)
    try:
        save(result, lease)
    except LostLease:
        logger.info("result %s is being saved by somebody else", pk)
    except DeadLink as error:
        _put_off(result, lease, str(error), dead=True)
    except (DownloadError, Undecodable) as error:
        _put_off(result, lease, str(error))
    except Exception as error:
        # A full disk, an object store away, or our own slip: the paid file must stay due in any case.
        logger.exception("result %s could not be stored", pk)
        _put_off(result, lease, f"It could not be stored here ({type(error).__name__}).")


def _put_off(result: Result, lease: Lease, problem: str, dead: bool = False) -> None:
    """Leave the result due later; a dead link is due at once, for the fresh link that tasks will look for.

    What is home and only to be replaced is in nobody's way: it is left as it is, and from day 15 on for good.
    """
    now = timezone.now()
    is_home = result.state == Result.State.SAVED
    dead = dead and not is_home
    # The wait comes before the fresh link is asked for and not behind it: a signed one lives for minutes.
    at_once = dead and result.attempts <= DEAD_AT_ONCE
    later = None if is_home and is_past_saving(result, now) else now + wait_before(result.attempts)
    later = now if at_once else later
    try:
        lease.change(lease_until=None, next_try_at=later, dead_link_at=now if dead else None, problem=problem[:300])
    except LostLease:
        logger.info("result %s is being saved by somebody else", result.pk)
