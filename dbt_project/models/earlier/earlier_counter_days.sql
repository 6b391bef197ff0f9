-- earlier_counter_days: on which of the earlier days was something done with an account at a counter?
--
-- One row per account and day; counter_days says what counts.
select
    days.*,
    {{ as_of_column() }}
from (
    {{ days_at_counter('biz_date <= ' ~ earlier_to(), ref('earlier_accounts')) }}
) as days
