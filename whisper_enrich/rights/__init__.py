"""People's rights: tombstones of those who asked to be forgotten, what a receipt says, what personal data in a text is."""
