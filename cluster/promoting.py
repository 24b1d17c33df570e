"""A replica becomes the primary while the shop is open; the process manager leaves the old one alone meanwhile."""

from collections.abc import Callable

import django
from redis.exceptions import RedisError

from scaling import epochs
from shop.mariadb_data import MySQLdb
from shop.mariadb_promotion import promote

from .databases import databases
from .environment import of_the_shop, read, write
from .errors import ClusterError
from .places import Places
from .supervision import Supervisor


def promote_replica(where: Places, port: int | None, say: Callable[[str], None]) -> None:
    """The one that has come farthest, or the one at `port`. Raises MariaDBError or ClusterError."""
    django.setup()
    told, every = read(where.env), databases(where, Supervisor(where))
    try:
        promote(every, port, epochs.begin, say)
    except (RedisError, epochs.EpochError, MySQLdb.Error) as error:
        raise ClusterError(f"The promotion stopped half-way ({error}): run it once more.") from None
    write(where.env, told | of_the_shop(where, told, every))
