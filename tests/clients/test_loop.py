"""An analyst's day over the wire, on DNS and web requests: detection, rating, detection again, and a
stored model, all through the ADBC driver."""

import pytest
from adbc_driver_flightsql import DatabaseOptions
from conftest import statements

DATE = "2024-05-14"
RATINGS = {
    "dns": "SELECT unix_tstamp, ip_dst, dns_qry_name, 0, 3 FROM dns_scores",
    "proxy": "SELECT DISTINCT tdate, fulluri, 3 FROM proxy_scores",
}


def run(cursor, script, **variables):
    for statement in statements(script, **variables):
        cursor.execute(statement)


@pytest.mark.parametrize("source", ["dns", "proxy"])
def test_what_is_rated_leaves_the_list_and_a_model_is_kept(server, source):
    # A setting is a matter of the session, which a cookie holds together.
    cookies = {DatabaseOptions.WITH_COOKIE_MIDDLEWARE.value: "true"}
    with server.connect(**cookies) as connection, connection.cursor() as cursor:
        run(cursor, f"schema/{source}.sql")
        cursor.execute("SET spotql.user_domains = 'example.com'")
        cursor.execute(
            f"INSERT INTO {source} PARTITION (y, m, d, h) "
            f"SELECT * FROM synthetic_{source}(2000, 3, '{DATE}')"
        )
        records = cursor.rowcount
        run(cursor, f"detect/{source}.sql", date=DATE)
        assert cursor.rowcount == 300
        lowest = f"SELECT min(ml_score) FROM {source}_scores"
        (before,) = cursor.execute(lowest).fetchone()

        cursor.execute(
            f"INSERT INTO {source}_threat_investigation PARTITION (y = 2024, m = 5, d = 14) "
            f"{RATINGS[source]} WHERE ml_score = ({lowest})"
        )
        assert cursor.rowcount > 0
        run(cursor, f"detect/{source}.sql", date=DATE)
        assert cursor.rowcount == 300
        (after,) = cursor.execute(lowest).fetchone()
        assert after != before

        run(cursor, f"detect/{source}_summary.sql", date=DATE)
        assert cursor.fetchall() == [("scored", records)]

        cursor.execute(f"CREATE TABLE model AS SELECT * FROM lda_train({source}, source => '{source}')")
        cursor.execute("SELECT text FROM model WHERE name = 'domains'")
        assert cursor.fetchone()[0].startswith("own 1 (")
        cursor.execute(
            f"SELECT score, document, word, unseen FROM lda_score({source}, source => '{source}', "
            "model => model, explain => true)"
        )
        scored = cursor.fetch_arrow_table()
        assert scored.num_rows == records
        assert scored["unseen"].null_count == records
        assert scored["word"].null_count == scored["score"].null_count == 0


def test_a_model_of_other_words_is_refused_by_name(connection):
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE v (host STRING, page STRING)")
        cursor.execute("INSERT INTO v VALUES ('a', 'x'), ('b', 'y')")
        cursor.execute("CREATE TABLE model AS SELECT * FROM lda_train(v, documents => host, words => page)")
        with pytest.raises(Exception, match="recipe was documents .* Write source, or documents and words"):
            cursor.execute("SELECT * FROM lda_score(v, documents => page, words => host, model => model)")
            cursor.fetch_arrow_table()
