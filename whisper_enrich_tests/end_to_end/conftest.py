"""What a failure here shows besides itself: the last words of the processes that were started."""

from collections.abc import Iterator

import pytest

from whisper_enrich_tests.end_to_end.served import Up
from whisper_enrich_tests.places import open_folder

STARTED = pytest.StashKey[Up]()


@pytest.fixture(scope="module")
def up(pytestconfig: pytest.Config) -> Iterator[Up]:
    """`up`, not started yet; the working directory is not that of whoever runs the tests, who may have a ``.env``."""
    with open_folder() as parent:
        built = pytestconfig.stash[STARTED] = Up(parent)
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(parent)
            yield built
        del pytestconfig.stash[STARTED]
        built.remove()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Add to the report of a failed test what `up` had to say."""
    report = yield
    started = item.config.stash.get(STARTED, None)
    if report.failed and started is not None:
        report.sections.append(("whisper-enrich up", started.last_words()))
    return report
