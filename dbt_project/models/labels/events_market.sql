{{ config(materialized='view') }}
-- events_market: whom have the market's moves of the last 30 days touched?
--
-- One row per customer, event_code, event_on and detail. Touched is who held the product named that day, or, where none
-- is named, any product of its kind. A cut of demand rates touches everybody, and nobody enough to be told.
{% set since = recent_since(30) %}
with moves as (
    select distinct event_date, event_type, product_code, abs(magnitude) as magnitude
    from {{ ref('stg_external__market_events') }}
    where event_date >= {{ since }} and event_date <= {{ as_of() }}
),

term_deposits as (
    select balances.customer_id, accounts.product_code, balances.opened_on, balances.balance
    from {{ ref('deposit_accounts') }} as balances
    inner join {{ ref('stg_core__accounts') }} as accounts on balances.account_id = accounts.account_id
    where balances.account_type <> 'demand' and balances.status <> 'closed' and balances.balance > 0
),

deposit_cuts as (
    select deposits.customer_id, moves.event_type, moves.event_date, deposits.balance
    from moves
    inner join term_deposits as deposits
        on moves.event_date >= deposits.opened_on and (moves.product_code is null or moves.product_code = deposits.product_code)
    where moves.event_type = 'deposit_rate_cut'
),

loan_cuts as (
    select loans.customer_id, moves.event_type, moves.event_date, loans.balance
    from moves
    inner join {{ ref('stg_lending__loans') }} as loans
        on moves.event_date >= loans.opened_on and (moves.product_code is null or moves.product_code = loans.product_code)
    where moves.event_type = 'loan_rate_cut' and loans.status in ('performing', 'overdue', 'npl') and loans.balance > 0
),

rate_cut_affects as (
    select
        customer_id,
        'rate_cut_affects' as event_code,
        event_date as event_on,
        sum(balance) as amount,
        event_type as detail
    from (
        select * from deposit_cuts
        union all
        select * from loan_cuts
    ) as cuts
    group by customer_id, event_date, event_type
),

-- who has left since held it that day all the same
investment_moves as (
    select
        holdings.customer_id,
        case when moves.event_type = 'fund_nav_drop' then 'fund_drop_affects' else 'break_even_missed' end as event_code,
        moves.event_date as event_on,
        sum(holdings.market_value) as amount,
        holdings.product_code as detail
    from moves
    inner join {{ ref('stg_wealth__holdings') }} as holdings
        on moves.event_date >= holdings.bought_on
        and coalesce(least(holdings.redeemed_on, holdings.matures_on) >= moves.event_date, true)
        and (moves.product_code is null or moves.product_code = holdings.product_code)
        and holdings.category = case moves.event_type when 'fund_nav_drop' then 'fund' when 'wealth_break_even_miss' then 'wealth' end
    where moves.event_type = 'wealth_break_even_miss'
        or moves.event_type = 'fund_nav_drop' and moves.magnitude >= {{ threshold('fund_drop_from') }}
    group by holdings.customer_id, moves.event_type, moves.event_date, holdings.product_code
)

select customer_id, event_code, event_on, {{ money('amount') }} as amount, detail, {{ as_of_column() }}
from rate_cut_affects
union all
select customer_id, event_code, event_on, {{ money('amount') }} as amount, detail, {{ as_of_column() }}
from investment_moves
