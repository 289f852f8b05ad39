-- Clients of a day that ask for domains which look made by a program (DGA: malware that tries out
-- many names until its master has registered one). The word holds the length and the randomness of the
-- registered label, and the answer's code. Each domain counts once a client. There is one row a client and
-- kind of domain, the most suspicious first. Only kinds that do not exist or look random are
-- listed; busy resolvers may be among them, so look at the names. It writes nothing.
--
-- Tunnels, which ask for ever new names below one domain, are found by detect/dns.sql.
--
-- Variables: date (YYYY-MM-DD), database (default), domains (4: the least that a row
-- must have), bits (3: the least a character, of domains that exist), limit (20), seed (1).

WITH
asked AS (
  SELECT *, registrable_domain(dns_qry_name) AS domain
  FROM ${database:-default}.dns
  WHERE y = year(DATE '${date}') AND m = month(DATE '${date}') AND d = day(DATE '${date}')
    AND dns_invalid(frame_time, unix_tstamp, frame_len, ip_dst, dns_qry_name, dns_qry_class,
                    dns_qry_type, dns_qry_rcode) IS NULL
),
labels AS (
  SELECT *, split_part(domain, '.', 1) AS label
  FROM asked
  -- Not reverse names, nor names without a dot, which nobody can have registered.
  WHERE domain LIKE '%.%' AND domain NOT LIKE '%.arpa'
),
-- A row a client and domain.
domains AS (
  SELECT
    lead, domain, min(score) AS score, min(canonical_address(ip_dst)) AS ip_dst, count(*) AS answers,
    min(dns_qry_rcode) AS dns_qry_rcode, min(label) AS label, min(frame_time) AS first_seen,
    max(frame_time) AS last_seen
  FROM lda_score(
    (SELECT * FROM labels),
    documents => [canonical_address(ip_dst)],
    words => [concat_ws('_', CAST(length(label) / 2 AS INT), CAST(floor(2 * entropy(label)) AS INT),
                        dns_qry_rcode)],
    distinct => domain,
    seed => ${seed:-1},
    lead => true
  )
  GROUP BY lead, domain
)
SELECT
  row_number() OVER (ORDER BY min(score), lead) AS rank, min(score) AS ml_score,
  min(ip_dst) AS ip_dst, count(*) AS domains, sum(answers) AS answers,
  min(dns_qry_rcode) AS dns_qry_rcode, min(length(label)) AS shortest,
  max(length(label)) AS longest, round(avg(entropy(label)), 1) AS bits_a_character,
  min(domain) AS first_domain, max(domain) AS last_domain,
  min(first_seen) AS first_seen, max(last_seen) AS last_seen
FROM domains
GROUP BY lead
HAVING count(*) >= ${domains:-4} AND (min(dns_qry_rcode) = 3 OR avg(entropy(label)) >= ${bits:-3})
ORDER BY rank
LIMIT ${limit:-20};
