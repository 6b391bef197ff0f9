-- earlier_deposit_months: by how much did deposit accounts change in each month, as earlier days tell it?
--
-- One row per account and calendar month with a change, as in deposit_months.
with months as (
    {{ month_changes(ref('earlier_balance_changes')) }}
)

select
    account_no,
    month_end,
    cents,
    day_cents,
    {{ as_of_column() }}
from months
