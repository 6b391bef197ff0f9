-- payroll_departures: how much of each pay leaves for other banks and wallets within three days?
--
-- One row per customer, employer and payday of the last four months (payroll_credits). The 72 hours are the day of the
-- credit and the three after it: booking times are often unknown. What leaves are transfers to other banks and wallets
-- from any of the customer's accounts, less what comes back from the own name there in the same days; what was reversed
-- is left out, and so is what repays a loan or card.
with pays as (
    select customer_id, employer, paid_on, amount
    from {{ ref('payroll_credits') }}
    where paid_on > {{ plus_months(as_of(), -4) }}
),

accounts_paid as (
    select accounts.account_no, accounts.customer_id
    from {{ ref('deposit_accounts') }} as accounts
    semi join pays on accounts.customer_id = pays.customer_id
),

moves as (
    select * from (
        {{ departing_moves('biz_date > ' ~ earlier_to(), ref('deposit_accounts')) }}
    ) as later
    union all
    select txn_id, account_no, biz_date, amount from {{ ref('earlier_departures') }}
),

leaving as (
    select pays.customer_id, pays.employer, pays.paid_on, sum(moves.amount) as amount
    from moves
    inner join accounts_paid on moves.account_no = accounts_paid.account_no
    inner join pays
        on accounts_paid.customer_id = pays.customer_id
        and moves.biz_date >= pays.paid_on
        and moves.biz_date <= {{ plus_days('pays.paid_on', 3) }}
    anti join {{ ref('reversed_transactions') }} as reversed on moves.txn_id = reversed.txn_id
    group by pays.customer_id, pays.employer, pays.paid_on
)

select
    pays.customer_id,
    pays.employer,
    pays.paid_on,
    pays.amount,
    {{ money('least(pays.amount, greatest(0, coalesce(leaving.amount, 0)))') }} as left_amount,
    {{ as_of_column() }}
from pays
left join leaving
    on pays.customer_id = leaving.customer_id
    and pays.employer = leaving.employer
    and pays.paid_on = leaving.paid_on
