#!/usr/bin/env python
"""The command line of the site; every command reads the same environment as the web process."""

import os
import sys

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mjportal.settings")
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)
