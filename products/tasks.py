"""Workers look for this module. What they do for the catalogue is what they do for all objects: `jobs.objects`."""

from . import shelf  # noqa: F401, says which listing a key is
