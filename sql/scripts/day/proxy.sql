-- A whole day of web requests: see day.sql.
-- Variables: date (YYYY-MM-DD), hours, and those of the scripts below.

RUN 'detect/proxy.sql';
RUN 'detect/proxy_leads.sql';
RUN 'review/proxy_edge.sql';
RUN 'review/proxy_ingest_summary.sql';
