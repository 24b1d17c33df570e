"""What this database can do, as Django asks it."""

from djongo.features import DatabaseFeatures as Stock


class DatabaseFeatures(Stock):
    """djongo leaves what it has never heard of at what Django supposes."""

    can_clone_databases = False  # it would call mongodump
    max_query_params = None  # a list of any length is one parameter, see statements.gathered
    supports_ignore_conflicts = False
    supports_timezones = False
