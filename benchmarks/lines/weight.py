"""H1: what the studio page weighs before its pictures."""

import gzip
import re
from typing import Any

import brotli
from django.conf import settings
from django.contrib.staticfiles import finders
from django.test import Client, override_settings

from benchmarks import people
from benchmarks.ratios import Line, Measured, Scale, at_most

LINKED = re.compile(r'(?:src|href)="/static/([^"]+\.(?:css|js))"')
IMPORTED = re.compile(r'^import [^"]*"\./([^"]+)"', re.MULTILINE)
# The names without fingerprints: the files are the same, and nothing need be collected first.
PLAIN = "django.contrib.staticfiles.storage.StaticFilesStorage"
CARDS = 24


def plain_static() -> Any:
    """Pages may be asked for in this process: their style sheets keep the names they have in the repository."""
    return override_settings(STORAGES={**settings.STORAGES, "staticfiles": {"BACKEND": PLAIN}})


def studio_weight(scale: Scale) -> dict[str, Measured]:
    """Page, style sheets and scripts in kB as they are sent: HTML by gzip, the static files by Brotli."""
    user = people.person("weigher")
    people.running_tasks(user, CARDS)
    with plain_static():
        answer = Client(HTTP_COOKIE=people.sign_in(user), HTTP_HOST="127.0.0.1").get("/")
    if answer.status_code != 200:
        raise RuntimeError(f"the studio answered {answer.status_code}")
    page = len(gzip.compress(answer.content, 6))
    files = set(LINKED.findall(answer.content.decode()))
    sizes = {name: _compressed(name) for name in files | _imports(files)}
    scripts = sum(size for name, size in sizes.items() if name.endswith(".js"))
    whole = page + sum(sizes.values())
    words = f"{whole / 1000:.1f} kB, of it {scripts / 1000:.1f} script, {page / 1000:.1f} page with {CARDS} cards"
    return {"H1": Measured(whole / 1000, words, "kB, compressed, without pictures")}


def _imports(files: set[str]) -> set[str]:
    scripts = (name for name in files if name.startswith("js/"))
    return {f"js/{other}" for name in scripts for other in IMPORTED.findall(_text(name).decode())}


def _text(name: str) -> bytes:
    path = finders.find(name)
    if path is None:
        raise RuntimeError(f"{name} is linked and not there")
    with open(path, "rb") as file:
        return file.read()


def _compressed(name: str) -> int:
    return len(brotli.compress(_text(name)))


LINES = (Line("H1", "the studio page, HTML, CSS and JS compressed, kB", at_most(60), at_most(40), studio_weight),)
