-- list_long_tail_growth 长尾提升: which of the many small customers is beginning to grow?
--
-- Who: long-tail customers awake, with one sign of growth: half as much again came in as the quarter before; the average
-- is a fifth above the months before; or pay lands here and part of it stays.
-- Order: money coming in, use of the app, age, pay.
{% call(rule) marketing_list() %}
with signs as (
    select
        customer_id,
        aum_avg_30d,
        inflow_90d_amount >= {{ threshold('long_tail_inflow_from', rule) }}
        and inflow_90d_amount >= inflow_prior_90d_amount * {{ threshold('long_tail_inflow_growth', rule) }} as has_more_inflow,
        aum_avg_30d >= {{ threshold('long_tail_average_from', rule) }}
        and aum_avg_30d >= aum_avg_31_120d * {{ threshold('long_tail_average_growth', rule) }} as has_more_average,
        is_payroll and aum_avg_30d >= {{ threshold('long_tail_average_from', rule) }} as keeps_pay
    from {{ ref('customer_labels') }}
    where value_tier = 'long_tail'
        and churn_stage in ('stable', 'not_rated')
        and not coalesce(is_dormant, false)
        and not coalesce(is_minor, false)
)

select
    customer_id as subject_id,
    greatest({{ threshold('rfm_monetary_2') }} - aum_avg_30d, 0) as stake_amount,
    cast(null as date) as due_on,
    coalesce(has_more_inflow, false) as has_more_inflow,
    coalesce(has_more_average, false) as has_more_average,
    coalesce(keeps_pay, false) as keeps_pay
from signs
where has_more_inflow or has_more_average or keeps_pay
{% endcall %}
