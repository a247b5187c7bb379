"""The WSGI entry point, served by granian."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mjportal.settings")
django_application = get_wsgi_application()

from callbacks.shortcut import CallbackShortcut  # noqa: E402 - apps must be loaded first

application = CallbackShortcut(django_application)
