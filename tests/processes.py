"""Processes of the shop beside a test, with nothing of the test's own environment."""

import subprocess
import sys

from django.conf import settings


def python_of_the_shop(code, state, **environment):
    """Run this as the shop on one machine would, with its state in that folder; answer the process that has ended."""
    plain = {"PATH": "/usr/bin", "STATE_DIR": str(state), "DJANGO_SETTINGS_MODULE": "settings.embedded"}
    command = [sys.executable, "-c", code]
    return subprocess.run(
        command, env=plain | environment, cwd=settings.ROOT, capture_output=True, text=True, check=False
    )
