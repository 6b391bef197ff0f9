-- earlier_logins: in which of the earlier blocks of 60 days did customers log in to the mobile bank?
--
-- One row per customer and block of 60 days before the business date with at least one log-in, of the days that had come
-- when this was built.
select
    logins.*,
    {{ as_of_column() }}
from (
    {{ logins_by_block('biz_date <= ' ~ late_to('channels.app_activity')) }}
) as logins
