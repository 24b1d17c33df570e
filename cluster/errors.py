class ClusterError(Exception):
    """Why it cannot be done, in one line that says what to do."""
