"""The site's settings with a fresh project's middleware and sessions, for `benchmarks.peers.cards`."""

from pathlib import Path

from mjportal import settings as site
from mjportal.settings import *  # noqa: F403

SESSION_ENGINE = "django.contrib.sessions.backends.db"
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",  # allauth refuses to start without
]
ROOT_URLCONF = "benchmarks.peers.cards"
TEMPLATES = [{**site.TEMPLATES[0], "DIRS": [Path(__file__).parent / "templates"]}]
