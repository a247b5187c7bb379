"""D1, D2, D4: renditions, and a whole result from its addresses to the gallery."""

import io
import multiprocessing
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from multiprocessing.pool import Pool
from pathlib import Path

from django.conf import settings
from PIL import Image

from benchmarks import people, workers
from benchmarks.peers import pictures as naive
from benchmarks.processes import stub
from benchmarks.ratios import Line, Measured, Scale, at_least, at_most, in_turns, middle, ratio_of
from benchmarks.similarity import similarity
from gallery import files, renditions
from gallery.models import Result
from gallery.services import add_results
from kie.sandbox.art import render

PROMPTS = (
    ("a mountain lake at dawn, mist between the ridges", "16:9"),
    ("portrait of a woman by a window", "3:4"),
    ("an arcade in the afternoon sun", "1:1"),
    ("a city at night in the rain", "16:9"),
)
PICTURES = 4


@dataclass(frozen=True)
class Drawn:
    """Renditions by width, in WebP."""

    sizes: dict[int, bytes]


@lru_cache(maxsize=1)
def originals(count: int) -> tuple[bytes, ...]:
    """JPEGs as the sandbox draws them, the size the provider sends."""
    return tuple(render(prompt, ratio=ratio, take=0) for prompt, ratio in PROMPTS[:count])


def _ours(original: bytes, folder: Path) -> Drawn:
    path = folder / "original"
    path.write_bytes(original)
    renditions.draw(renditions.open_picture(path, "JPEG"), folder)
    return Drawn({width: (folder / f"{width}.webp").read_bytes() for width in files.WIDTHS})


@contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="mj-portal-bench-", dir=settings.DATA_DIR) as name:
        yield Path(name)


def drawing(scale: Scale) -> dict[str, Measured]:
    pictures = originals(scale.pick(4, 2))

    def per_size() -> float:
        started = time.process_time()
        for picture in pictures:
            naive.renditions(picture)
        return (time.process_time() - started) / len(pictures)

    with _folder() as folder:

        def cascade() -> float:
            started = time.process_time()
            for picture in pictures:
                _ours(picture, folder)
            return (time.process_time() - started) / len(pictures)

        rounds = in_turns(scale.pick(7, 3), per_size, cascade)
    ratio, spread = ratio_of(rounds)
    words = f"decode per size: {middle(rounds, 0) * 1e3:.0f} ms"
    return {"D1": Measured(ratio, f"{middle(rounds, 1) * 1e3:.0f} ms for three sizes", words, spread)}


def quality(scale: Scale) -> dict[str, Measured]:
    """D2: likeness to a lossless reduction of the original, and bytes, each beside the naive renditions."""
    losses, ours_bytes, peer_bytes = [], 0, 0
    with _folder() as folder:
        for original in originals(scale.pick(4, 2)):
            ours, peer = _ours(original, folder).sizes, naive.renditions(original)
            whole = Image.open(io.BytesIO(original)).convert("RGB")
            for width, body in ours.items():
                mine, theirs = Image.open(io.BytesIO(body)), Image.open(io.BytesIO(peer[width]))
                if mine.size != theirs.size:
                    # Never enlarged: a picture narrower than the rendition keeps its size, so nothing is lost.
                    continue
                exact = whole.resize(mine.size, Image.Resampling.LANCZOS)
                losses.append(similarity(exact, theirs) - similarity(exact, mine))
                ours_bytes, peer_bytes = ours_bytes + len(body), peer_bytes + len(peer[width])
    loss = sum(losses) / len(losses)
    return {
        "D2": Measured(loss, f"SSIM loss {loss:.4f}", f"decode per size, {len(losses)} renditions"),
        "D2b": Measured(ours_bytes / peer_bytes, f"{ours_bytes / 1024:.0f} kB", f"{peer_bytes / 1024:.0f} kB"),
    }


def whole_result(scale: Scale) -> dict[str, Measured]:
    with _folder() as folder, _workers() as pool:
        names = []
        for number, picture in enumerate(originals(scale.pick(4, 2))):
            (folder / f"{number}.jpeg").write_bytes(picture)
            names.append(str(folder / f"{number}.jpeg"))
        with stub("files", *names) as host:
            rounds = in_turns(
                scale.pick(5, 2), lambda: _saved_by_us(pool, host.url), lambda: _saved_naively(host.url, folder)
            )
    ratio, spread = ratio_of(rounds)
    words = f"documents' way: {middle(rounds, 1):.2f} s"
    return {"D4": Measured(ratio, f"{middle(rounds, 0):.2f} s, {settings.FILE_WORKERS} workers", words, spread)}


@contextmanager
def _workers() -> Iterator[Pool]:
    """As many processes as the site has workers for files, started and loaded."""
    with multiprocessing.get_context("spawn").Pool(settings.FILE_WORKERS, workers.load_site) as pool:
        pool.map(time.sleep, [0.1] * settings.FILE_WORKERS, chunksize=1)
        yield pool


def _saved_by_us(pool: Pool, host: str) -> float:
    user = people.person("saver")
    (task,) = people.running_tasks(user, 1, named=os.urandom(6).hex())
    add_results(task.pk, (user.pk, None), [f"{host}/{number}" for number in range(PICTURES)], "image")
    pks = list(Result.objects.filter(task=task).values_list("pk", flat=True))
    _forget_files()
    started = time.perf_counter()
    pool.starmap(workers.save, [(str(pk), host) for pk in pks], chunksize=1)
    took = time.perf_counter() - started
    saved = Result.objects.filter(task=task, state=Result.State.SAVED).count()
    if saved != PICTURES:
        raise RuntimeError(f"{saved} of {PICTURES} results were saved: {Result.objects.filter(task=task)[0].problem}")
    return took


def _forget_files() -> None:
    """Content-addressed files of the last round would be found and kept."""
    for result in Result.objects.filter(state=Result.State.SAVED):
        files.remove_content(result.sha256, "jpg")


def _saved_naively(host: str, folder: Path) -> float:
    started = time.perf_counter()
    naive.result([f"{host}/{number}" for number in range(PICTURES)], folder)
    return time.perf_counter() - started


LINES = (
    Line("D1", "CPU of three WebP renditions, decode per size / ours", at_least(1.8), at_least(2.3), drawing),
    Line("D2", "SSIM lost against decode per size", at_most(0.005), None, quality),
    Line("D2b", "bytes of the renditions / decode per size", at_most(1.1), None, quality),
    Line("D4", "a whole 4-picture result, wall time / documents' way", at_most(0.35), at_most(0.25), whole_result),
)
