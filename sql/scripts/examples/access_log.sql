-- A web server's access log (Apache's or nginx's combined format), from raw text to the visitors'
-- most unusual requests. There is no preset for it: the words are made here.
--
-- Variables: files (path or pattern of the logs, .gz or not), limit (20).

WITH
-- One pattern takes a line apart. Lines that do not match have no host, and so no score.
parsed AS (
  SELECT number, line, regexp_match(line,
    '^(\\S+) \\S+ \\S+ \\[([^:]+):(\\d\\d):([^\\]]*)\\] "(\\S+) ([^ ?"]*)([^ "]*)[^"]*" (\\d+) (\\S+) "([^"]*)" "([^"]*)"') AS p
  FROM read_lines('${files}')
),
requests AS (
  SELECT number, line, p[1] AS host, p[3] AS hour, p[5] AS method, p[6] AS path, p[7] AS query,
    p[8] AS status, coalesce(TRY_CAST(p[9] AS BIGINT), 0) AS bytes, p[10] AS referer, p[11] AS agent
  FROM parsed
),
-- A word says how something was asked for, coarsely enough that ordinary requests share theirs: the
-- method, the status, the path's ending, whether a browser, a robot, a program or nobody asked, and
-- whether it came from a link.
words AS (
  SELECT *,
    split_part(path, '/', 2) AS part_of_site,
    concat_ws('_',
      method,
      status,
      lower(regexp_replace(regexp_replace(path, '^.*/', ''), '^[^.]*', '')),
      CASE
        WHEN agent = '-' THEN 'nobody'
        WHEN regexp_like(agent, '(?i)bot|spider|crawl|slurp') THEN 'robot'
        WHEN regexp_like(agent, '^(Mozilla|Opera)') THEN 'browser'
        ELSE 'program'
      END,
      CASE WHEN referer = '-' THEN 'direct' ELSE 'linked' END) AS manner
  FROM requests
)
-- Two documents for each word: a host that does what it seldom does, and a part of the site that is
-- asked for as it seldom is. The less probable of the two is the score, and 'document' tells which.
SELECT score, number, host, method, concat(path, query) AS uri, status, agent, document, word
FROM lda_score(words, documents => [host, part_of_site], words => [manner, manner], explain => true)
WHERE score IS NOT NULL
ORDER BY score, number
LIMIT ${limit:-20};
