"""The language model: what is asked, the client, what comes back. Knows nothing of facts and summaries."""
