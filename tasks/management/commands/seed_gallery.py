"""Fill the tables with made-up finished tasks and saved results, without files: for measuring, never a real site."""

import random
import secrets
from argparse import ArgumentParser
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import islice
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError
from django.db import connection, transaction
from django.utils import timezone

from accounts.models import Team, User
from gallery import fulltext
from gallery.models import Result
from tasks.models import Status, Task

BATCH = 2000
PER_TASK = 4
DAYS = 700
VOCABULARY = (
    "fog valley ridge dawn pine lake harbour lantern arcade plaster sun dune crest wind planet ring moon gouache paper"
    " jellyfish abyss ink forest portrait sailor marble vein vase clay window rain city night neon tower bridge snow"
    " glacier meadow heron crow orchard cellar library staircase train platform umbrella market spice copper velvet"
)
WORDS = VOCABULARY.split()
# A few words are rare, so that a search for one says how a rare word fares.
RARE = ("zeppelin", "astrolabe", "quetzal")
SHAPES = ("16-9", "1-1", "3-2", "2-3", "9-16", "4-3")
PIXELS = {
    "16-9": (1456, 816),
    "1-1": (1024, 1024),
    "3-2": (1344, 896),
    "2-3": (896, 1344),
    "9-16": (816, 1456),
    "4-3": (1232, 928),
}
PLACEHOLDER = "data:image/webp;base64,UklGRiQAAABXRUJQVlA4IBgAAAAwAQCdASoBAAEAAgA0JaQAA3AA/vuUAAA="


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--results", type=int, default=1_000_000)
        parser.add_argument("--people", type=int, default=200)
        parser.add_argument("--seed", type=int, default=1)
        parser.add_argument("--yes", action="store_true", help="really write them into this site's database")

    def handle(self, *, results: int, people: int, seed: int, yes: bool, **options: Any) -> None:
        if not yes:
            raise CommandError(
                "This writes made-up results into this site's tables. Add --yes if that is what you want."
            )
        made = seed_gallery(results, people, random.Random(seed))
        self.stdout.write(f"{made:,} results of {people} people.")


def seed_gallery(results: int, people: int, chance: random.Random, team: Team | None = None) -> int:
    """Make `results` saved results, oldest first, shared out among `people` by chance, of a team. Returns how many."""
    owners = [_person(number) for number in range(people)]
    start = timezone.now() - timedelta(days=DAYS)
    step = timedelta(days=DAYS) / max(results, 1)
    made = 0
    batches = _tasks(owners, start, step * PER_TASK, -(-results // PER_TASK), chance)
    while batch := list(islice(batches, BATCH)):
        with transaction.atomic():
            for task in batch:
                task.team = team
            Task.objects.bulk_create(batch)
            rows = [result for task in batch for result in _results(task, step, chance)]
            _index(rows)
            Result.objects.bulk_create(rows)
        made += len(rows)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    return made


def _person(number: int) -> User:
    user, _ = User.objects.get_or_create(email=f"seed{number}@example.com", defaults={"name": f"Seed {number}"})
    return user


def _tasks(owners: list[User], start: datetime, step: timedelta, count: int, chance: random.Random) -> Iterator[Task]:
    for number in range(count):
        shape = chance.choice(SHAPES)
        words = chance.choices(WORDS, k=12)
        if number % 5000 == 0:
            words[3] = RARE[number // 5000 % len(RARE)]
        version, speed = chance.choice(("7", "7", "7", "6.1", "niji6")), chance.choice(("fast", "fast", "relaxed"))
        at = start + number * step
        yield Task(
            id=UUID(int=chance.getrandbits(128), version=4),
            user=chance.choice(owners),
            task_type="mj_txt2img",
            prompt=" ".join(words),
            parameters={"aspect_ratio": shape.replace("-", ":"), "version": version, "speed": speed},
            cost=Decimal(8),
            status=Status.SUCCEEDED,
            callback_token=secrets.token_urlsafe(32),
            created_at=at,
            sent_at=at,
            finished_at=at,
        )


def _results(task: Task, step: timedelta, chance: random.Random) -> Iterator[Result]:
    shape = str(task.parameters["aspect_ratio"]).replace(":", "-")
    width, height = PIXELS[shape]
    for position in range(PER_TASK):
        yield Result(
            id=UUID(int=chance.getrandbits(128), version=4),
            task=task,
            user_id=task.user_id,
            team_id=task.team_id,
            position=position,
            state=Result.State.SAVED,
            source_url="https://files.example.com/seed.jpeg",
            next_try_at=None,
            saved_at=task.created_at + position * step,
            sha256=f"{chance.getrandbits(256):064x}",
            content_type="image/jpeg",
            size=1_400_000,
            width=width,
            height=height,
            placeholder=PLACEHOLDER,
            starred=chance.random() < 0.05,
            rating=chance.choice((0, 0, 0, 3, 4, 5)),
            task_type=task.task_type,
            version=str(task.parameters["version"]),
            speed=str(task.parameters["speed"]),
            shape=shape,
            credits=Decimal(2),
        )


def _index(rows: list[Result]) -> None:
    texts = ((result.task.prompt, [fulltext.scope_of(result.user_id, result.team_id)]) for result in rows)
    for result, number in zip(rows, fulltext.add_many(texts), strict=True):
        result.words_id = number
