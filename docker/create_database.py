"""Create the database of Dagster's own storage where the server has none by that name yet."""

import os
import sys

import psycopg2
from psycopg2 import sql

MAINTENANCE_DATABASE = "postgres"


def connect(database: str) -> "psycopg2.extensions.connection":
    """A connection with the user of Dagster's storage."""
    variable = "DAGSTER_POSTGRES_{}".format
    return psycopg2.connect(
        host=os.environ[variable("HOST")], port=os.environ[variable("PORT")], user=os.environ[variable("USER")],
        password=os.environ[variable("PASSWORD")], dbname=database, connect_timeout=10,
    )  # fmt: skip


def exists(database: str) -> bool:
    """Whether it can be connected to. An error that is not about its absence is raised."""
    try:
        connect(database).close()
    except psycopg2.OperationalError as error:
        # A refused connection carries no SQLSTATE; the server's words are all there is.
        if f'database "{database}" does not exist' not in str(error):
            raise
        return False
    return True


def create(database: str) -> None:
    """Create it, which needs the right CREATEDB."""
    connection = connect(MAINTENANCE_DATABASE)
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(database)))
    connection.close()


def main() -> None:
    """Create the database that DAGSTER_POSTGRES_DB names, or say in one line why not."""
    database, user = os.environ["DAGSTER_POSTGRES_DB"], os.environ["DAGSTER_POSTGRES_USER"]
    try:
        if not exists(database):
            create(database)
            print(f"Created the database {database}.")
    except psycopg2.errors.DuplicateDatabase:
        return
    except psycopg2.errors.InsufficientPrivilege:
        sys.exit(
            f'{user} may create no database. Have an administrator do: CREATE DATABASE "{database}" OWNER "{user}";'
        )
    except psycopg2.OperationalError as error:
        sys.exit(f"The database {database} cannot be reached: {str(error).strip()} Check DAGSTER_POSTGRES_*.")


if __name__ == "__main__":
    main()
