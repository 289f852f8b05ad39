-- How many of a day's DNS answers can be scored, and why the others cannot.
-- Variables: date (YYYY-MM-DD), database (default), words (v2) as in the detection.

SELECT coalesce(
    dns_invalid(frame_time, unix_tstamp, frame_len, ip_dst, dns_qry_name, dns_qry_class,
                dns_qry_type, dns_qry_rcode),
    -- Only the original's words need the hour.
    CASE WHEN '${words:-v2}' = 'spot' AND dns_word(frame_time, frame_len, dns_qry_name, dns_qry_type, dns_qry_rcode) IS NULL
      THEN 'no word can be made: frame_time holds no hour' END,
    'scored') AS outcome,
  count(*) AS answers
FROM ${database:-default}.dns
WHERE y = year(DATE '${date}') AND m = month(DATE '${date}') AND d = day(DATE '${date}')
GROUP BY outcome
ORDER BY answers DESC, outcome;
