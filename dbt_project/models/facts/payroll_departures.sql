-- payroll_departures: how much of each pay leaves for other banks and wallets within three days?
--
-- One row per customer, employer and payday of the last four months (payroll_credits). The 72 hours are the day of the
-- credit and the three after it: booking times are often unknown. What leaves are transfers to other banks and wallets
-- from any of the customer's accounts, less what comes back from the own name there in the same days; what was reversed
-- is left out, and so is what repays a loan or card.
{% set repayment_kinds = ['repayment', 'shopping_credit', 'internet_lender', 'internet_lender_name', 'other_loan'] %}
with pays as (
    select customer_id, employer, paid_on, amount
    from {{ ref('payroll_credits') }}
    where paid_on > {{ plus_months(as_of(), -4) }}
),

accounts_paid as (
    select accounts.account_id, accounts.customer_id
    from {{ ref('stg_core__accounts') }} as accounts
    semi join pays on accounts.customer_id = pays.customer_id
),

moves as (
    select
        txn_id,
        account_id,
        biz_date,
        case when direction = 'out' then amount else -amount end as amount,
        direction = 'out' as is_out,
        lower(coalesce(counterparty_name, '')) as name,
        lower(coalesce(memo, '')) as memo
    from {{ ref('stg_core__transactions') }}
    where txn_type = 'transfer'
        and biz_date > {{ plus_months(as_of(), -4) }}
        and (counterparty_bank is not null or channel = 'third_party')
        and (direction = 'out' or is_own_name)
        -- not an anti join: with one, every month's accounts are joined before the newest are chosen
        and txn_id not in (select reversed.txn_id from {{ ref('reversed_transactions') }} as reversed)
),

near_pay as (
    select
        pays.customer_id,
        pays.employer,
        pays.paid_on,
        case when moves.is_out then moves.name else '' end as name,
        case when moves.is_out then moves.memo else '' end as memo,
        sum(moves.amount) as amount
    from moves
    inner join accounts_paid on moves.account_id = accounts_paid.account_id
    inner join pays
        on accounts_paid.customer_id = pays.customer_id
        and moves.biz_date >= pays.paid_on
        and moves.biz_date <= {{ plus_days('pays.paid_on', 3) }}
    group by
        pays.customer_id,
        pays.employer,
        pays.paid_on,
        case when moves.is_out then moves.name else '' end,
        case when moves.is_out then moves.memo else '' end
),

-- the patterns are looked for in the different texts, not in every row
repaying as (
    select distinct texts.name, texts.memo
    from (select distinct name, memo from near_pay) as texts
    inner join {{ ref('patterns') }} as patterns
        on patterns.kind in ('{{ repayment_kinds | join("', '") }}')
        and (
            texts.name like concat('%', lower(patterns.pattern), '%')
            or (patterns.kind <> 'internet_lender_name' and texts.memo like concat('%', lower(patterns.pattern), '%'))
        )
),

leaving as (
    select near_pay.customer_id, near_pay.employer, near_pay.paid_on, sum(near_pay.amount) as amount
    from near_pay
    anti join repaying on near_pay.name = repaying.name and near_pay.memo = repaying.memo
    group by near_pay.customer_id, near_pay.employer, near_pay.paid_on
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
