"""Review rounds: guests of a link pick, reject and comment; the house sees who chose what.

A guest has a name and no account. Whatever a guest does is asked anew of the link, which may be closed at any time.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from django.conf import settings
from django.core.mail import send_mail
from django.db.models import Q
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from gallery.models import Collection, Guest, Pick, Remark, Result, ShareLink
from gallery.shapes import nearest_shape
from gallery.sharing import MOST_SHOWN, open_links, shown_in
from mjportal.background import enqueue
from mjportal.given import uuid_of

MOST_GUESTS, MOST_OF_ONE, MOST_REMARKS = 100, 5, 1_000
LONGEST_NAME = 60
TELL_EVERY = timedelta(minutes=5)
TELL_JOB = "gallery.jobs.tell_of_picks"
VERDICTS = {"pick": Pick.Verdict.PICKED, "reject": Pick.Verdict.REJECTED}


@dataclass(frozen=True, slots=True)
class Pin:
    """Where a remark points to: `left` and `top` in per cent of the picture, as an attribute takes them."""

    number: int
    left: str
    top: str


@dataclass(slots=True)
class Looked:
    """One shared picture as its reviewers see it. `mine` is this guest's verdict."""

    result: Result
    number: int
    pickers: list[str] = field(default_factory=list)
    rejecters: list[str] = field(default_factory=list)
    remarks: list[Remark] = field(default_factory=list)
    pins: list[Pin] = field(default_factory=list)
    mine: str = ""

    @property
    def shape(self) -> str:
        return nearest_shape(self.result.width or 0, self.result.height or 0)

    @property
    def is_picked(self) -> bool:
        return self.mine == Pick.Verdict.PICKED

    @property
    def is_rejected(self) -> bool:
        return self.mine == Pick.Verdict.REJECTED

    @property
    def talk(self) -> list[tuple[Remark, int]]:
        """The remarks in order, each with the number of its pin, 0 for one that points to nothing."""
        numbers = iter(pin.number for pin in self.pins)
        return [(each, next(numbers) if each.pin_x is not None else 0) for each in self.remarks]

    def add(self, remark: Remark) -> None:
        self.remarks.append(remark)
        if remark.pin_x is not None and remark.pin_y is not None:
            self.pins.append(Pin(len(self.pins) + 1, f"{remark.pin_x / 10}%", f"{remark.pin_y / 10}%"))


def guest_of(request: HttpRequest, link: ShareLink) -> Guest | None:
    """Who this visitor said to be, in this browser and for this link."""
    pk = uuid_of(str(request.session.get(_name(link), "")))
    return Guest.objects.filter(pk=pk, link=link).first() if pk and link.may_comment else None


def introduce(request: HttpRequest, link: ShareLink, name: str) -> Guest | None:
    """Let a visitor review under a name, one line of it; None when too many have come.

    Who is known already gets another name, and one browser brings a few guests at most: nobody fills a review alone.
    """
    if not link.may_comment:
        return None
    if known := guest_of(request, link):
        Guest.objects.filter(pk=known.pk).update(name=name)
        return known
    brought = f"{_name(link)}-brought"
    came = int(request.session.get(brought, 0))
    if came >= MOST_OF_ONE or link.guests.count() >= MOST_GUESTS:
        return None
    guest = Guest.objects.create(link=link, name=name)
    request.session[_name(link)] = str(guest.pk)
    request.session[brought] = came + 1
    return guest


def leave(request: HttpRequest, link: ShareLink) -> None:
    """Somebody else sits at this browser now. What was picked stays."""
    request.session.pop(_name(link), None)


def judge(guest: Guest, result: Result, act: str) -> None:
    """Pick or reject a picture; the same act again takes it back."""
    verdict = VERDICTS[act]
    if Pick.objects.filter(guest=guest, result=result, verdict=verdict).delete()[0]:
        return
    Pick.objects.update_or_create(guest=guest, result=result, defaults={"verdict": verdict, "at": timezone.now()})


def remark(
    link: ShareLink,
    result: Result,
    text: str,
    *,
    guest: Guest | None = None,
    user: User | None = None,
    pin: tuple[int, int] | None = None,
) -> Remark | None:
    """Say something about a picture; None when there is nothing in it, or when too much was said already.

    `pin`: where it points to, in thousandths from the left and from the top.
    """
    text = text.replace("\0", "").strip()[:1000]
    if not text or link.remarks.count() >= MOST_REMARKS:
        return None
    x, y = pin if pin and result.kind == Result.Kind.IMAGE else (None, None)
    return Remark.objects.create(link=link, result=result, guest=guest, user=user, text=text, pin_x=x, pin_y=y)


def looked_at(results: Sequence[Result], links: Q, guest: Guest | None = None) -> list[Looked]:
    """The results with what the guests of these links made of them, in three queries."""
    lines = {result.pk: Looked(result, number) for number, result in enumerate(results, start=1)}
    own = Q(result_id__in=list(lines))
    of_links = Q(link__in=ShareLink.objects.filter(links))
    guests = Guest.objects.filter(of_links)
    for pick in Pick.objects.filter(own, guest__in=guests).select_related("guest").order_by("at"):
        line = lines[pick.result_id]
        (line.pickers if pick.verdict == Pick.Verdict.PICKED else line.rejecters).append(pick.guest.name)
        if guest and pick.guest_id == guest.pk:
            line.mine = pick.verdict
    for each in Remark.objects.filter(own, of_links).select_related("guest", "user"):
        lines[each.result_id].add(each)
    return list(lines.values())


def tally(collection: Collection) -> list[Looked]:
    """What came of all reviews of a collection: the pictures anybody spoke of, the most picked first."""
    results = list(shown_in(collection).select_related("task")[:MOST_SHOWN])
    lines = looked_at(results, Q(collection=collection) | Q(collection__parent=collection))
    spoken_of = [line for line in lines if line.pickers or line.rejecters or line.remarks]
    return sorted(spoken_of, key=lambda line: (-len(line.pickers), len(line.rejecters), line.number))


def send_picks(guest: Guest) -> None:
    """The guest is done: whoever made the link is told by mail, of each guest at most every few minutes."""
    now = timezone.now()
    quiet = Q(sent_at=None) | Q(sent_at__lt=now - TELL_EVERY)
    if Guest.objects.filter(quiet, pk=guest.pk).update(sent_at=now):
        enqueue(TELL_JOB, guest.pk)


def tell_of_picks(pk: str) -> None:
    """The mail about one guest's picks."""
    guest = Guest.objects.select_related("link__collection", "link__created_by").filter(pk=pk).first()
    if guest is None or guest.sent_at is None or not open_links(Q(pk=guest.link_id)):
        return
    collection = guest.link.collection
    picked = guest.picks.filter(verdict=Pick.Verdict.PICKED).count()
    said = guest.remarks.count()
    address = settings.PUBLIC_URL + reverse("gallery:collection", args=[collection.pk])
    lines = [f"{guest} picked {picked} of {collection} and wrote {said} note{'' if said == 1 else 's'}.", "", address]
    send_mail(
        f"{guest} has picked from {collection}".replace("\n", " "),
        "\n".join(lines),
        None,
        [guest.link.created_by.email],
    )


def _name(link: ShareLink) -> str:
    return f"guest-{link.pk.hex}"
