"""Configuration of the workers of helm/celery-workers.yaml; `dagster_celery.app` reads it by its name."""

import os

broker_url = os.environ["DAGSTER_CELERY_BROKER_URL"]
result_backend = os.environ["DAGSTER_CELERY_BACKEND_URL"]
broker_connection_retry_on_startup = True
# A worker that is busy with a run must not keep others waiting behind it.
worker_prefetch_multiplier = 1
# What a run leaves in memory is gone after so many.
worker_max_tasks_per_child = 200
# Dagster asks how a run is as long as that may take; see max_runtime_seconds.
result_expires = 86_400
