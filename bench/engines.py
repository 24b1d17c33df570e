"""`python -m bench.engines`: what one look-up, one listing and one write take by djongo, and by the official engine.

Both ask the same server at the same time, in turns; the driver alone, which both ask it with, stands beside them.
"""

import os
import subprocess
import sys

from .document_stores import mongo

PATIENT = "?serverSelectionTimeoutMS=60000&connectTimeoutMS=60000&socketTimeoutMS=60000"
INSIDE = "from bench.engine_speed import tell; tell()"


def main() -> None:
    with mongo() as server:
        stores = {
            "DOCUMENTS_URL": server.url("one", "djongo+mongodb") + PATIENT,
            "NEXT_DOCUMENTS_URL": server.url("other") + PATIENT,
        }
        shell = [sys.executable, "manage.py", "shell", "-v", "0", "-c", INSIDE]
        subprocess.run(shell, env=os.environ | stores, check=True)


if __name__ == "__main__":
    main()
