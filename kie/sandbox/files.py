"""The result files: made in the background, kept on disk, served until they expire."""

import secrets
import tempfile
import threading
import traceback
from collections.abc import Callable, Container
from functools import partial
from pathlib import Path

from kie.sandbox import plain
from kie.sandbox.clock import Clock
from kie.sandbox.faults import without_markers
from kie.sandbox.settings import Settings
from kie.sandbox.tasks import Task
from kie.sandbox.workers import Pool

LINK_SECONDS = 20 * 60
UPSTREAM_TROUBLE = "internal error, please try again later."
UPSCALED = 2  # an enlarged picture has twice the edge


class Studio:
    """Makes each file once. Plain files are made on demand and not kept: that is quicker than the disk."""

    def __init__(self, directory: Path | None, settings: Settings, clock: Clock) -> None:
        self._settings, self._clock = settings, clock
        self._scratch = None if directory else tempfile.TemporaryDirectory(prefix="kie-sandbox-")
        self._directory = directory or Path(self._scratch.name if self._scratch else "")
        self._directory.mkdir(parents=True, exist_ok=True)
        self._pool = Pool(2, "sandbox-studio")
        self._locks: dict[str, threading.Lock] = {}
        self._links: dict[str, tuple[str, float]] = {}
        self.start_frame: Callable[[Task], bytes | None] = lambda task: None
        self.on_made: Callable[[Task], None] = lambda task: None

    def order(self, task: Task) -> None:
        """Start making the pictures of a task that was just accepted."""
        if self._settings.art == "full" and task.error_message is None:
            for position in range(task.count):
                self._pool.submit(partial(self._prepare, task, position))

    def is_ready(self, task: Task) -> bool:
        return self._settings.art == "plain" or all((self._directory / name).exists() for name in task.names)

    def make(self, task: Task, position: int) -> bytes:
        """The bytes of one result: from disk, or made now. Equal for equal task, also after a restart."""
        if self._settings.art == "plain":
            return self._plain(task, position)
        path = self._directory / task.names[position]
        with self._locks.setdefault(path.name, threading.Lock()):
            if not path.exists():
                unfinished = path.with_suffix(".part")
                unfinished.write_bytes(self._art(task, position))
                unfinished.replace(path)
            return path.read_bytes()

    def _prepare(self, task: Task, position: int) -> None:
        try:
            self.make(task, position)
        except Exception:  # noqa: BLE001 - whatever went wrong while drawing, the task must end
            traceback.print_exc()
            task.error_code, task.error_message = 500, UPSTREAM_TROUBLE
        self.on_made(task)

    def link(self, name: str) -> str:
        """The path of a link that works for twenty minutes."""
        token = secrets.token_urlsafe(12)
        self._links[token] = (name, self._clock.now() + LINK_SECONDS)
        return f"/links/{token}/{name}"

    def linked(self, token: str) -> str | None:
        name, until = self._links.get(token, ("", 0.0))
        return name if until > self._clock.now() else None

    def sweep(self, keep: Container[str]) -> None:
        """Delete what nobody can fetch any more, unfinished drawings included."""
        for path in self._directory.iterdir():
            if path.name not in keep:
                path.unlink(missing_ok=True)

    def stop(self) -> None:
        self._pool.stop()
        if self._scratch:
            self._scratch.cleanup()

    def _plain(self, task: Task, position: int) -> bytes:
        ratio = str(task.params.get("aspectRatio", "1:1"))
        if task.is_video:
            return plain.clip(ratio, task.id, position)
        if task.kind == "upscale":
            return plain.picture(ratio, task.seed, task.take, plain.LONG_EDGE * UPSCALED)
        return plain.picture(ratio, task.seed, position)

    def _art(self, task: Task, position: int) -> bytes:
        from kie.sandbox import art  # late: drawing needs packages that a plain sandbox does without

        prompt = without_markers(task.prompt)
        ratio, edge = str(task.params.get("aspectRatio", "1:1")), self._settings.long_edge
        if task.is_video:
            return art.render_video(
                prompt,
                ratio=ratio,
                take=task.take if "extend" in task.kind else position,
                hd=task.kind == "mj_video_hd",
                motion=str(task.params.get("motion", "high")),
                seconds=9.0 if "extend" in task.kind else 5.0,
                seed=task.seed,
                start=self.start_frame(task),
            )
        if task.kind == "upscale":
            return art.render_upscaled(prompt, ratio=ratio, take=task.take, long_edge=edge * UPSCALED, seed=task.seed)
        return art.render(prompt, ratio=ratio, take=position, long_edge=edge, seed=task.seed)
