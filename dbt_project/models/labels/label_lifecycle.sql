-- label_lifecycle: where in the life of the relation does this customer stand?
--
-- One row per customer; every customer is in exactly one stage, the first that holds of lost, dormant, returned, new,
-- declining, growing, mature. Leaving goes before growing: who is about to go is treated as such, however new. Returned
-- is who was lost or asleep and is neither now, for 90 days: they leave again more easily than others.
{% set points = churn_points() %}
with customers as (
    select
        profiles.customer_id,
        profiles.is_new_customer,
        coalesce(churn.churn_stage, 'not_rated') as churn_stage,
        coalesce(activity.is_dormant, false) as is_dormant,
        balances.opened_on,
        balances.history_days,
        balances.avg_90d_amount,
        case when balances.history_days >= 180 then balances.avg_91_180d_amount end as avg_91_180d_amount
    from {{ ref('label_profile') }} as profiles
    inner join {{ ref('label_churn') }} as churn on profiles.customer_id = churn.customer_id
    inner join {{ ref('label_activity') }} as activity on profiles.customer_id = activity.customer_id
    inner join {{ ref('customer_balances') }} as balances on profiles.customer_id = balances.customer_id
),

-- lost at a month-end of the last 90 days
won_back as (
    select customer_id
    from {{ ref('customer_peaks') }}
    where false
        {%- for point in points if point.age > 0 and point.age <= threshold('returned_days') %}
        or (
            peak_{{ loop.index }}_amount >= {{ threshold('churn_min_peak') }}
            and high_30d_{{ loop.index }}_amount < {{ threshold('churn_lost_share') }} * peak_{{ loop.index }}_amount
        )
        {%- endfor %}
),

-- the first own act of the last 90 days after 180 days without one
woken_days as (
    select customer_id, woke_on
    from (
        select
            blocks.customer_id,
            blocks.first_on as woke_on,
            coalesce(
                lag(blocks.last_on) over (partition by blocks.customer_id order by blocks.last_on nulls last),
                greatest(customers.opened_on, coverage.transactions_from)
            ) as quiet_since_on
        from {{ ref('initiative_blocks') }} as blocks
        inner join customers on blocks.customer_id = customers.customer_id
        cross join {{ ref('data_coverage') }} as coverage
    ) as acts
    where woke_on > {{ plus_days(as_of(), '-' ~ threshold('returned_days')) }}
        and {{ days_between('woke_on', 'quiet_since_on') }} >= {{ threshold('dormant_days') }}
),

woken as (
    select distinct woken_days.customer_id
    from woken_days
    inner join {{ ref('customer_month_ends') }} as month_ends
        on woken_days.customer_id = month_ends.customer_id
        and woken_days.woke_on > month_ends.month_end
        and {{ plus_months('woken_days.woke_on', -1) }} <= month_ends.month_end
    where month_ends.aum_avg_30d < {{ threshold('dormant_aum_below') }}
)

select
    customers.customer_id,
    case
        when customers.churn_stage = 'lost' then 'lost'
        when customers.is_dormant then 'dormant'
        when won_back.customer_id is not null or woken.customer_id is not null then 'returned'
        when customers.is_new_customer then 'new'
        when customers.churn_stage in ('watch', 'warning', 'critical') then 'declining'
        when customers.avg_90d_amount >= customers.avg_91_180d_amount * (1 + {{ threshold('growing_share') }})
            and customers.avg_90d_amount >= customers.avg_91_180d_amount + {{ threshold('growing_amount') }} then 'growing'
        else 'mature'
    end as lifecycle_stage,
    {{ as_of_column() }}
from customers
left join won_back on customers.customer_id = won_back.customer_id
left join woken on customers.customer_id = woken.customer_id
