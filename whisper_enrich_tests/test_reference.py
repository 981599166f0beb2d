"""The pages of the documentation that are made from the code are those of this code."""

from __future__ import annotations

import pytest

from whisper_enrich.reference import DOCS, PAGES
from whisper_enrich.settings import Settings
from whisper_enrich.storage.tables import metadata


@pytest.mark.parametrize("name", sorted(PAGES))
def test_a_page_is_what_make_docs_would_write(name):
    assert (DOCS / name).read_text(encoding="utf-8") == PAGES[name]().rstrip() + "\n", "run `make docs` and commit"


def test_every_setting_and_every_table_has_its_place():
    page = PAGES["configuration.md"]()
    assert [name for name in Settings.model_fields if f"`{name.upper()}`" not in page] == []
    page = PAGES["data-model.md"]()
    assert [name for name in metadata.tables if f"## {name}\n" not in page] == []


def test_every_setting_says_what_it_is_and_every_table_what_a_row_is():
    assert [name for name, info in Settings.model_fields.items() if not info.description] == []
    assert [name for name, table in metadata.tables.items() if not table.comment] == []
