"""Python reads this first where this folder is on PYTHONPATH: of all that is installed here, only the packages named
in BARE and what they need can be imported, as in an environment that has nothing else."""

import os
import re
import sys
from importlib import metadata

WANTED = re.compile(r"([\w.-]+)(?:\[([\w,-]*)\])?")  # celery, celery[redis]
EXTRA = re.compile(r"""extra == ["']([\w-]+)""")


def plain(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def with_needs(words):
    found, waiting = set(), list(words)
    while waiting:
        name, extras = WANTED.match(waiting.pop()).groups("")
        if (name, extras) in found:
            continue
        found.add((name, extras))
        try:
            lines = metadata.requires(name) or []
        except metadata.PackageNotFoundError:  # for another Python, or another system
            continue
        waiting += [line for line in lines if set(EXTRA.findall(line)) <= set(extras.split(","))]
    return {plain(name) for name, _ in found}


class Missing:
    """Finds nothing where nothing would be."""

    def __init__(self, allowed):
        packages = metadata.packages_distributions().items()
        self.modules = {module for module, names in packages if not allowed & set(map(plain, names))}

    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in self.modules:
            raise ModuleNotFoundError(f"No module named '{name}' (see tests/bare)", name=name)


sys.meta_path.insert(0, Missing(with_needs(os.environ["BARE"].split())))
