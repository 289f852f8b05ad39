-- One call for a whole day of one kind of log: detection, leads, and what an analyst drills into.
--   spotql run day.sql --var source=flow --var date=2016-07-08
-- Or for the hours that have just come in:
--   spotql run day.sql --var source=flow --var date=2016-07-08 --var hours=8,9,10,11
-- Every step replaces what it wrote before. So the day so far, or the same hours, may be run again. With hours,
-- detection and leads read and replace these hours alone. Rows that are listed for the day's other hours stay,
-- and the other steps follow the list of the whole day. A day (or hours) without records ends with exit
-- status 3 and changes nothing.
-- Variables: source (flow, dns or proxy), date (YYYY-MM-DD), hours (all), and those of the scripts it runs.

RUN 'day/${source}.sql';
