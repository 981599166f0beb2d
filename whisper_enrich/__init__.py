"""The cold path of a chat-bot platform: facts, summaries and analyses derived from stored messages."""

__version__ = "0.1.0"
