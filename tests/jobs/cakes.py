"""Stand-ins for cakes: a design that costs nothing to draw."""

import hashlib
from dataclasses import dataclass


@dataclass(frozen=True)
class Plain:
    """A design with the few things that the machinery asks of one."""

    inscription: str = "Happy Birthday, Steve!"

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.inscription.encode()).hexdigest()

    def as_dict(self) -> dict:
        return {"inscription": self.inscription}
