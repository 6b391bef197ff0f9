-- counter_days: on which of the last 91 days did customers do something at a counter?
--
-- One row per customer and day. Not interest, fee, tax, court or reversal, and nothing that the bank marks as not started by
-- the customer.
select distinct
    accounts.customer_id,
    days.visited_on,
    {{ as_of_column() }}
from (
    {{ days_at_counter('biz_date > ' ~ earlier_to(), ref('deposit_accounts')) }}
    union all
    select account_no, visited_on
    from {{ ref('earlier_counter_days') }}
) as days
inner join {{ ref('deposit_accounts') }} as accounts on days.account_no = accounts.account_no
