-- customer_month_flows: how much came in from outside in a month, and how much went out?
--
-- One row per customer and calendar month with any external flow, for the last seven complete months and the running one
-- (the six months before a month-end may begin on the last day of a seventh); of its inflow also what fell within the last
-- 90 days and the 90 before, of its outflow what fell within the last six months.
{% set first_before = month_ends(8)[7] %}
select
    customer_id,
    last_day(biz_date) as month_end,
    {{ money("sum(case when direction = 'in' then amount else 0 end)") }} as inflow_amount,
    {{ money("sum(case when direction = 'out' then amount else 0 end)") }} as outflow_amount,
    {{ money("sum(case when direction = 'in' and biz_date > " ~ plus_days(as_of(), -90) ~ " then amount else 0 end)") }} as inflow_90d_amount,
    {{ money("sum(case when direction = 'in' and biz_date > " ~ plus_days(as_of(), -180) ~ " and biz_date <= " ~ plus_days(as_of(), -90)
        ~ " then amount else 0 end)") }} as inflow_prior_90d_amount,
    {{ money("sum(case when direction = 'out' and biz_date > " ~ plus_months(as_of(), -6) ~ " then amount else 0 end)") }} as outflow_6m_amount,
    {{ as_of_column() }}
from {{ ref('external_flows') }}
where biz_date > cast('{{ first_before }}' as date)
group by customer_id, last_day(biz_date)
