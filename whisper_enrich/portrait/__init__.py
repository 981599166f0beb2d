"""A person's whole picture in plain words and numbers, as the terminal and the page show it."""
