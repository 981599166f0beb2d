"""Where performance metrics come from besides the conversation: InfluxDB, where it is set."""
