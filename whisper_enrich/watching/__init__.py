"""What an operator sees: metrics for Prometheus, and messages about what fails. Nothing here writes to a database."""
