"""Every side of every card, in every profile."""

import pytest
from playwright.sync_api import Browser

from tests.browser.conftest import Cards
from tests.browser.profiles import PROFILES, Profile
from tests.browser.reviewer import reviewer
from tests.conftest import ROOT
from torchdeck.package.payload import read_payload

BATCH = 50  # sides that one call to the browser shows


@pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: profile.name)
def test_every_side_holds_what_the_checks_ask(
    browser: Browser, all_cards: Cards, profile: Profile
) -> None:
    cards = read_payload((ROOT / "decks" / "all.apkg").read_bytes()).cards
    assert len(all_cards.sides) == 2 * len(cards)
    faults: list[str] = []
    with reviewer(browser, profile, all_cards.media) as page:
        for start in range(0, len(all_cards.sides), BATCH):
            faults += page.check(all_cards.sides[start : start + BATCH])
    assert faults == []
