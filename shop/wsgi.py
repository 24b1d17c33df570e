"""What gunicorn serves."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "settings.embedded")
os.environ.setdefault("DB_TIMEOUT", "1")  # visitors wait no longer for a database, and ask the next one
application = get_wsgi_application()
