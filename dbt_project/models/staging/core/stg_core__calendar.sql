-- stg_core__calendar: which days does the bank work?
--
-- One row per cal_date, days to come included as far as the calendar is published.
{{ newest_snapshot(source('core', 'calendar')) }}
