-- A web server's access log (Apache's or nginx's combined format), from raw text to the visitors'
-- most unusual requests. There is no preset for it: the words are made here.
--
-- Variables: files (path or pattern of the logs, .gz or not), limit (20).

-- Lines that are no requests cannot be scored: how many there are, and one of them.
SELECT count(*) AS lines_not_understood, min(number) AS first_number, min(line) AS one_of_them
FROM read_lines('${files}')
WHERE NOT regexp_like(line, '^(\\S+) \\S+ .*?\\[([^\\]]*)\\] "((?:[^"\\\\]|\\\\.)*)" (\\d+) (\\S+)');

-- A quote inside a quoted field is written \", a user's name may hold blanks, and the request may be
-- anything that a client has sent.
WITH
parsed AS (
  SELECT number, line, regexp_match(line,
    '^(\\S+) \\S+ .*?\\[([^\\]]*)\\] "((?:[^"\\\\]|\\\\.)*)" (\\d+) (\\S+)(?: "((?:[^"\\\\]|\\\\.)*)" "((?:[^"\\\\]|\\\\.)*)")?') AS p
  FROM read_lines('${files}')
),
requests AS (
  SELECT number, p[1] AS host, substr(split_part(p[3], ' ', 1), 1, 16) AS method,
    split_part(split_part(p[3], ' ', 2), '?', 1) AS path, split_part(p[3], ' ', 2) AS uri,
    p[4] AS status, coalesce(p[6], '-') AS referer, coalesce(p[7], '-') AS agent
  FROM parsed
),
-- A word says how something was asked for, coarsely enough that ordinary requests share theirs. It holds the
-- method, the status, the path's ending, the kind of client (browser, robot, program or nobody), and whether
-- the request came from a link.
words AS (
  SELECT *,
    split_part(path, '/', 2) AS part_of_site,
    concat_ws('_',
      method,
      status,
      lower(substr(regexp_replace(regexp_replace(path, '^.*/', ''), '^[^.]*', ''), 1, 8)),
      CASE
        WHEN agent = '-' THEN 'nobody'
        WHEN regexp_like(agent, '(?i)bot|spider|crawl|slurp') THEN 'robot'
        WHEN regexp_like(agent, '^(Mozilla|Opera)') THEN 'browser'
        ELSE 'program'
      END,
      CASE WHEN referer = '-' THEN 'direct' ELSE 'linked' END) AS manner
  FROM requests
)
-- Each word has two documents: the host, and the part of the site. So a host is found that does something rare
-- for it, and a part that is asked for in a rare way. The less probable of the two is the score; 'document'
-- says which it was.
-- The original's scoring finds single oddities, which is what this small log has; with
-- --var scoring=leave_one_out habits that nobody shares come first.
SELECT score, number, host, method, status, document, word, substr(agent, 1, 40) AS agent, uri
FROM lda_score(words, documents => [host, part_of_site], words => [manner, manner],
  scoring => '${scoring:-spot}', explain => 'pair')
WHERE score IS NOT NULL
ORDER BY score, number
LIMIT ${limit:-20};
