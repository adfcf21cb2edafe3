"""What a learner who has older decks gets from these, and what goes out with them."""
