"""Settings that jobs cannot do without."""

from jobs.checks import changes_are_told


def test_a_project_that_does_not_say_who_knows_of_changes_is_refused(settings):
    assert changes_are_told() == []
    del settings.CAUSAL_CHANGES
    refused = changes_are_told()
    assert [message.id for message in refused] == ["jobs.E003"]
    assert refused[0].hint == 'Write CAUSAL_CHANGES = "jobs.changes.CHANGES".'
