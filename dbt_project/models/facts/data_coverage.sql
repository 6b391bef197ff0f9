-- data_coverage: from which day on are balances and transactions complete, and which optional columns come?
--
-- One row for the whole bank. An optional column without a single value counts as not delivered:
-- what rests on it is unknown, not no.
with balances as (
    {{ balances_from() }}
),

transactions as (
    select min(biz_date) as first_on
    from {{ ref('stg_core__transactions') }}
),

columns_given as (
    select
        bool_or(counterparty_bank is not null) as has_counterparty_bank,
        bool_or(is_own_name is not null) as has_own_name
    from {{ ref('stg_core__transactions') }}
    where txn_type = 'transfer' and biz_date > {{ plus_days(as_of(), -90) }}
)

select
    balances.balances_from,
    transactions.first_on as transactions_from,
    coalesce(columns_given.has_counterparty_bank, false) as has_counterparty_bank,
    coalesce(columns_given.has_own_name, false) as has_own_name,
    {{ as_of_column() }}
from balances
cross join transactions
cross join columns_given
