-- A whole day of DNS answers: see day.sql.
-- Variables: date (YYYY-MM-DD), hours, and those of the scripts below.

RUN 'detect/dns.sql';
RUN 'detect/dns_leads.sql';
RUN 'review/dns_edge.sql';
RUN 'review/dns_dendro.sql';
RUN 'review/dns_ingest_summary.sql';
