-- One call for a whole day of one kind of log: detection, leads, and what an analyst drills into.
--   spotql run day.sql --var source=flow --var date=2016-07-08
-- Every step replaces what it wrote before, so that the day so far may be run again every few hours. A day
-- without records ends with exit status 3 and changes nothing.
-- Variables: source (flow, dns or proxy), date (YYYY-MM-DD), and those of the scripts that it runs.

RUN 'day/${source}.sql';
