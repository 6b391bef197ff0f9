-- label_lending: does this customer borrow here, and is anything overdue?
--
-- One row per customer. A written-off loan is no running loan, but stays bad debt for ever. Overdue counts cards too:
-- the rule that keeps debtors off the marketing lists means any debt. Unknown where neither loans nor cards are delivered.
with running as (
    select
        customer_id,
        max(case when status in ('performing', 'overdue', 'npl') then 1 else 0 end) as has_loan,
        max(case when status = 'performing' then 1 else 0 end) as has_performing_loan,
        sum(case when status in ('performing', 'overdue', 'npl') then balance else 0 end) as loan_balance,
        max(case when status in ('npl', 'written_off') then 1 else 0 end) as has_bad_debt,
        max(case when status in ('performing', 'overdue', 'npl') then overdue_days else 0 end) as overdue_days
    from {{ ref('stg_lending__loans') }}
    where status <> 'settled'
    group by customer_id
),

cards as (
    select customer_id, max(overdue_days) as overdue_days
    from {{ ref('stg_cards__credit_cards') }}
    group by customer_id
),

known as (
    select
        customers.customer_id,
        running.has_loan,
        running.has_performing_loan,
        running.loan_balance,
        running.has_bad_debt,
        greatest(coalesce(running.overdue_days, 0), coalesce(cards.overdue_days, 0)) as overdue_days,
        {{ delivered(ref('stg_lending__loans')) }} as knows_loans,
        {{ delivered(ref('stg_cards__credit_cards')) }} as knows_cards
    from {{ ref('stg_core__customers') }} as customers
    left join running on customers.customer_id = running.customer_id
    left join cards on customers.customer_id = cards.customer_id
)

select
    customer_id,
    case when knows_loans then coalesce(has_loan, 0) = 1 end as has_loan,
    case when knows_loans then coalesce(has_performing_loan, 0) = 1 end as has_performing_loan,
    case when knows_loans then {{ money('coalesce(loan_balance, 0)') }} end as loan_balance,
    case when knows_loans or knows_cards then overdue_days >= {{ threshold('overdue_from_days') }} end as is_overdue,
    case when knows_loans then coalesce(has_bad_debt, 0) = 1 when knows_cards then false end as is_npl,
    case when knows_loans or knows_cards then cast(overdue_days as integer) end as max_overdue_days,
    {{ as_of_column() }}
from known
