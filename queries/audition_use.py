"""What calls of language models have used on average, for an estimate before a batch."""

from __future__ import annotations

from sqlalchemy import Connection, text


def mean_use(connection: Connection) -> dict[tuple[str, str], tuple[float, float]]:
    """Return the mean input and output tokens of a call, by provider and model."""
    rows = connection.execute(text(
        """SELECT provider, model, sum(input_tokens) / sum(calls), sum(output_tokens) / sum(calls)
           FROM provider_usage GROUP BY provider, model HAVING sum(calls) > 0"""))
    return {(row[0], row[1]): (float(row[2]), float(row[3])) for row in rows}
