-- list_walk_in_today 厅堂流量: who will probably stand in the hall today, and what should we talk about?
--
-- Who: a time deposit matures today, or did since the last working day and still lies there; or pension or pay usually comes today and the customer comes to the counter; or the
-- customer comes on this weekday. There must be something to talk about: money that matures, idle money, a core product
-- missing, or no use of the app.
-- Order: how likely, the opportunity.
{% call(rule) marketing_list() %}
with known as (
    select
        labels.*,
        coalesce(habits.weekday_visits_count, 0) as weekday_visits,
        case
            when labels.maturity_auto_share < 1 and labels.next_maturity_on <= {{ list_date() }} then labels.next_maturity_on
            when labels.maturity_auto_share < 1 and labels.maturity_due_on >= {{ recent_since(1) }} and labels.maturity_due_on <= {{ list_date() }}
                then labels.maturity_due_on
        end as hall_maturity_on,
        habits.pension_day_months >= {{ threshold('walk_in_months', rule) }}
        and labels.branch_visits_90d >= {{ threshold('walk_in_visits_from', rule) }} as is_pension_day,
        habits.pay_day_months >= {{ threshold('walk_in_months', rule) }}
        and labels.branch_visits_90d >= {{ threshold('walk_in_visits_from', rule) }} as is_payday
    from {{ ref('customer_labels') }} as labels
    left join {{ ref('hall_habits') }} as habits on labels.customer_id = habits.customer_id
),

expected as (
    select
        customer_id,
        weekday_visits,
        hall_maturity_on,
        coalesce(is_pension_day, false) as is_pension_day,
        coalesce(is_payday, false) as is_payday,
        case
            when maturity_window_amount > 0 and maturity_auto_share < 1 then 'maturity'
            when idle_demand_balance >= {{ threshold('idle_funds_from', rule) }} then 'idle'
            when core_products_missing_count > 0 then 'product'
            when app_tier in ('never', 'asleep') then 'app'
        end as opportunity
    from known
)

select
    customer_id as subject_id,
    cast(null as decimal(18, 2)) as stake_amount,
    {{ list_date() }} as due_on,
    opportunity as hall_opportunity,
    hall_maturity_on,
    is_pension_day,
    is_payday,
    cast(weekday_visits as integer) as weekday_visits_count
from expected
where opportunity is not null
    and (
        hall_maturity_on is not null or is_pension_day or is_payday
        or weekday_visits >= {{ threshold('walk_in_weekday_visits', rule) }}
    )
{% endcall %}
