REFUSED = 65  # the status of a step that says in one line why it cannot be done


class ClusterError(Exception):
    """Why it cannot be done, in one line that says what to do."""
