"""Error codes and their HTTP statuses."""

from daybreak import errors
from daybreak.server.http import problems


def test_every_error_of_the_library_has_a_status():
    def kinds(kind):
        return {kind.code}.union(*(kinds(below) for below in kind.__subclasses__()))

    ours = {kind for kind in kinds(errors.DaybreakError)}
    assert ours == set(problems.LIBRARY_ERROR_STATUS)
    assert not set(problems.LIBRARY_ERROR_STATUS) & set(problems.SERVER_ERROR_STATUS)
