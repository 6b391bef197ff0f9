-- list_wealth_maturity 理财到期: whose investment ends, or opens for redemption, in the next days?
--
-- Who: investments held that mature or open within 10 days. What ends today counts as money again (aum). One lead per
-- customer for all of them.
-- Order: amount, days left, whether the customer has bought again before.
{% call(rule) marketing_list() %}
with held as (
    select
        customer_id,
        market_value,
        bought_on,
        case
            when matures_on > {{ as_of() }} and matures_on <= {{ plus_days(as_of(), threshold('wealth_maturity_days', rule)) }} then matures_on
            when next_open_on > {{ as_of() }} and next_open_on <= {{ plus_days(as_of(), threshold('wealth_maturity_days', rule)) }} then next_open_on
        end as due_on,
        matures_on > {{ as_of() }} and matures_on <= {{ plus_days(as_of(), threshold('wealth_maturity_days', rule)) }} as does_end
    from {{ ref('stg_wealth__holdings') }}
    where status = 'held' and market_value > 0
),

bought as (
    select customer_id, count(distinct bought_on) as times
    from {{ ref('stg_wealth__holdings') }}
    where bought_on > {{ plus_days(as_of(), -365) }} and bought_on <= {{ as_of() }}
    group by customer_id
),

due as (
    select
        customer_id,
        sum(market_value) as due_amount,
        sum(case when does_end then market_value else 0 end) as ends_amount,
        min(due_on) as due_on
    from held
    where due_on is not null
    group by customer_id
)

select
    due.customer_id as subject_id,
    due.due_amount as stake_amount,
    due.due_on,
    {{ money('due.due_amount') }} as wealth_due_amount,
    {{ money('due.ends_amount') }} as wealth_ends_amount,
    due.due_on as wealth_due_on,
    {{ days_between('due.due_on', as_of()) }} as wealth_days_left,
    cast(coalesce(bought.times, 0) as integer) as wealth_bought_12m_count
from due
left join bought on due.customer_id = bought.customer_id
{% endcall %}
