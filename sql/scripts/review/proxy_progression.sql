-- Incident progression: how clients came to one URI in a day, and where they went from it. 'to the
-- threat' are requests for it, by referer; 'from the threat' those that name it as their referer. It
-- writes nothing.
-- Variables: date (YYYY-MM-DD), threat (a full URI), database (default), limit (250).

SELECT
  step, other, count(DISTINCT clientip) AS clients, count(*) AS requests, min(p_time) AS first_seen,
  max(p_time) AS last_seen, count(DISTINCT useragent) AS useragents,
  min(resconttype) AS content, reputation(other) AS rep
FROM (
  SELECT 'to the threat' AS step, coalesce(absent_as_null(referer), '(no referer)') AS other,
    canonical_address(clientip) AS clientip,
    p_time, useragent, resconttype
  FROM ${database:-default}.proxy
  WHERE TRY_CAST(y AS INT) = year(DATE '${date}') AND TRY_CAST(m AS INT) = month(DATE '${date}')
    AND TRY_CAST(d AS INT) = day(DATE '${date}') AND fulluri = '${threat}'
  UNION ALL
  SELECT 'from the threat', fulluri, canonical_address(clientip), p_time, useragent, resconttype
  FROM ${database:-default}.proxy
  WHERE TRY_CAST(y AS INT) = year(DATE '${date}') AND TRY_CAST(m AS INT) = month(DATE '${date}')
    AND TRY_CAST(d AS INT) = day(DATE '${date}')
    -- A referer has a scheme, a full URI has none; a host's root has a slash in the one and not in the other.
    AND rtrim(regexp_replace(referer, '^[A-Za-z]+://', ''), '/') = rtrim('${threat}', '/')
)
GROUP BY step, other
ORDER BY step DESC, requests DESC, other
LIMIT ${limit:-250};
