"""Tools for plain text that several engines share: sentences, third person, language."""
