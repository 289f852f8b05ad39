-- A whole day of flows: see day.sql.
-- Variables: date (YYYY-MM-DD), hours, and those of the scripts below.

RUN 'detect/flow.sql';
RUN 'detect/flow_leads.sql';
RUN 'review/flow_edge.sql';
RUN 'review/flow_chords.sql';
RUN 'review/flow_ingest_summary.sql';
