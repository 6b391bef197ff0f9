-- data_coverage: from which day on are balances and transactions complete, and which optional columns come?
--
-- One row for the whole bank. The first delivered day holds a balance of every open account, and so does every
-- month-end. Where the window begins later than the bank's history, its first day holds the changed ones only, and
-- balances are complete from the first month-end on. An optional column without a single value counts as not delivered:
-- what rests on it is unknown, not no.
with balances as (
    select min(biz_date) as first_on
    from {{ ref('stg_core__account_balances') }}
),

first_day as (
    select count(*) as balance_count
    from {{ ref('stg_core__account_balances') }}
    where biz_date = (select balances.first_on from balances)
),

open_accounts as (
    select count(*) as account_count
    from {{ ref('stg_core__accounts') }}
    where opened_on <= (select balances.first_on from balances)
        and (closed_on is null or closed_on > (select balances.first_on from balances))
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
    case
        when first_day.balance_count >= open_accounts.account_count * 0.8 then balances.first_on
        else last_day(balances.first_on)
    end as balances_from,
    transactions.first_on as transactions_from,
    coalesce(columns_given.has_counterparty_bank, false) as has_counterparty_bank,
    coalesce(columns_given.has_own_name, false) as has_own_name,
    {{ as_of_column() }}
from balances
cross join first_day
cross join open_accounts
cross join transactions
cross join columns_given
