{{ config(materialized='view') }}
-- deposit_months: by how much did deposit accounts change in each month, and what does that add to its daily balances?
--
-- One row per account and calendar month with a change, and another of a month that goes on after the earlier days; in
-- cents. A level is the sum of `cents` up to a month, and the daily balances of a month together are the level before it
-- times its days, and its `day_cents`.
with new_changes as (
    select account_no, changed_on, change_amount
    from {{ ref('new_balance_changes') }}
    where account_no is not null  -- an investment has none
),

new_months as (
    {{ month_changes('new_changes') }}
)

select account_no, month_end, cents, day_cents, {{ as_of_column() }} from new_months
union all
select account_no, month_end, cents, day_cents, as_of from {{ ref('earlier_deposit_months') }}
