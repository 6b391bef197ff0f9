-- label_flow: what comes in and goes out of this customer's accounts, and is there pay or a pension in it?
--
-- One row per customer. Pay is three credits in different months of the last four from one employer: that forgives a
-- late month, and still leaves out the one-off bonus. A month's flow is money from or to outside (external_flows); the
-- medians are over the last six complete calendar months, quiet ones counting as 0, so that the large sum of today does
-- not move the measure it is held against. Pay that stopped is judged over seven months: four that make the series, three
-- quiet ones after it. Pay elsewhere is pay forwarded from the own name at another bank.
{% set months = month_ends(7) %}
with customers as (
    select
        customers.customer_id,
        greatest(customers.opened_on, coverage.transactions_from) as known_from,
        {{ days_between(as_of(), 'greatest(customers.opened_on, coverage.transactions_from)') }} + 1 as history_days,
        coverage.has_counterparty_bank,
        coverage.has_counterparty_bank and coverage.has_own_name as has_own_name_elsewhere
    from {{ ref('stg_core__customers') }} as customers
    cross join {{ ref('data_coverage') }} as coverage
),

pay as (
    select customer_id, employer, paid_on, amount
    from {{ ref('payroll_credits') }}
    where paid_on > {{ plus_months(as_of(), -4) }}
),

usual_pay as (
    select customer_id, employer, {{ median_amount('amount') }} as median_amount
    from pay
    group by customer_id, employer
),

employers as (
    select
        pay.customer_id,
        pay.employer,
        count(distinct last_day(pay.paid_on)) as pay_months,
        {{ median_amount('pay.amount') }} as median_amount
    from pay
    inner join usual_pay on pay.customer_id = usual_pay.customer_id and pay.employer = usual_pay.employer
    where pay.amount <= usual_pay.median_amount * {{ threshold('payroll_bonus_multiple') }}
    group by pay.customer_id, pay.employer
),

salaries as (
    select *
    from employers
    where pay_months >= {{ threshold('payroll_months') }}
    qualify row_number() over (
        partition by customer_id order by pay_months desc nulls last, median_amount desc nulls last, employer nulls last
    ) = 1
),

-- the last three counted pays whose three days have passed; who draws slowly would look faithful on the day itself
latest_pays as (
    select
        salaries.customer_id,
        {{ rate('departures.left_amount', 'departures.amount') }} as left_share
    from salaries
    inner join usual_pay on salaries.customer_id = usual_pay.customer_id and salaries.employer = usual_pay.employer
    inner join {{ ref('payroll_departures') }} as departures
        on salaries.customer_id = departures.customer_id
        and salaries.employer = departures.employer
        and usual_pay.median_amount * {{ threshold('payroll_bonus_multiple') }} >= departures.amount
        and {{ plus_days(as_of(), -3) }} >= departures.paid_on
    qualify row_number() over (partition by salaries.customer_id order by departures.paid_on desc nulls last) <= 3
),

leave_rates as (
    select customer_id, {{ rate('sum(left_share)', 'count(*)') }} as payroll_leave_rate_3d
    from latest_pays
    group by customer_id
),

long_pay as (
    select
        credits.customer_id,
        credits.employer,
        credits.paid_on,
        max(credits.paid_on) over (partition by credits.customer_id, credits.employer) as last_paid_on
    from {{ ref('payroll_credits') }} as credits
    inner join (
        select customer_id, employer, {{ median_amount('amount') }} as median_amount
        from {{ ref('payroll_credits') }}
        group by customer_id, employer
    ) as usual on credits.customer_id = usual.customer_id and credits.employer = usual.employer
    where credits.amount <= usual.median_amount * {{ threshold('payroll_bonus_multiple') }}
),

paid_series as (
    select
        customer_id,
        employer,
        max(last_paid_on) as last_paid_on,
        count(distinct case when paid_on > {{ plus_months('last_paid_on', -4) }} then last_day(paid_on) end) as pay_months
    from long_pay
    group by customer_id, employer
),

stopped_pay as (
    select customer_id, {{ plus_days('max(last_paid_on)', threshold('payroll_stopped_days')) }} as stopped_on
    from paid_series
    group by customer_id
    having max(pay_months) >= {{ threshold('payroll_months') }}
        and {{ days_between(as_of(), 'max(last_paid_on)') }} >= {{ threshold('payroll_stopped_days') }}
),

pay_elsewhere as (
    select customer_id, bank, median_amount
    from {{ ref('payroll_elsewhere') }}
    qualify row_number() over (
        partition by customer_id order by months_seen desc nulls last, median_amount desc nulls last, bank nulls last
    ) = 1
),

pensions as (
    select
        customer_id,
        count(distinct last_day(paid_on)) as pension_months,
        {{ median_amount('amount') }} as median_amount
    from {{ ref('pension_credits') }}
    group by customer_id
),

-- of the last three
drawn as (
    select customer_id, {{ rate('least(drawn_amount, amount)', 'amount') }} as drawn_share
    from {{ ref('pension_credits') }}
    qualify row_number() over (partition by customer_id order by paid_on desc nulls last, account_id nulls last) <= 3
),

drawn_rates as (
    select customer_id, {{ rate('sum(drawn_share)', 'count(*)') }} as pension_drawn_rate
    from drawn
    group by customer_id
),

quarters as (
    select
        customer_id,
        sum(inflow_90d_amount) as inflow_90d_amount,
        sum(inflow_prior_90d_amount) as inflow_prior_90d_amount
    from {{ ref('customer_month_flows') }}
    group by customer_id
),

month_flows as (
    select
        customer_id,
        {%- for month_end in months[:6] %}
        {{ money("sum(case when month_end = cast('" ~ month_end ~ "' as date) then inflow_amount else 0 end)") }} as inflow_{{ loop.index }},
        {{ money("sum(case when month_end = cast('" ~ month_end ~ "' as date) then outflow_amount else 0 end)") }} as outflow_{{ loop.index }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ ref('customer_month_flows') }}
    where month_end > cast('{{ months[6] }}' as date)
    group by customer_id
),

known_months as (
    select
        customer_id,
        {% for month_before in months[1:] -%}
        case when known_from <= {{ plus_days("cast('" ~ month_before ~ "' as date)", 1) }} then 1 else 0 end{{ ' + ' if not loop.last }}
        {%- endfor %} as months
    from customers
),

-- the latest first, as many as are known
six_flows as (
    select
        known_months.customer_id,
        known_months.months,
        {%- for place in range(1, 7) %}
        case when known_months.months >= {{ place }} then coalesce(month_flows.inflow_{{ place }}, 0) end as inflow_{{ place }},
        case when known_months.months >= {{ place }} then coalesce(month_flows.outflow_{{ place }}, 0) end as outflow_{{ place }}{{ ',' if not loop.last }}
        {%- endfor %}
    from known_months
    left join month_flows on known_months.customer_id = month_flows.customer_id
),

sorted_flows as (
    select
        customer_id,
        months,
        {%- for name, amount in {'inflows': 'inflow_N', 'outflows': 'outflow_N', 'net_inflows': 'inflow_N - outflow_N'}.items() %}
        {%- set cents = [] %}
        {%- for place in range(1, 7) %}{% do cents.append('cast((' ~ amount | replace('N', place) ~ ') * 100 as bigint)') %}{% endfor %}
        {{ sorted_list(cents) }} as {{ name }},
        {%- endfor %}
        cast({% for place in range(1, 7) %}coalesce(inflow_{{ place }}, 0){{ ' + ' if not loop.last }}{% endfor %} as double) as inflow_sum,
        cast({% for place in range(1, 7) %}coalesce(inflow_{{ place }} * inflow_{{ place }}, 0){{ ' + ' if not loop.last }}{% endfor %} as double)
            as inflow_square_sum
    from six_flows
),

medians as (
    select
        customer_id,
        months,
        inflow_sum,
        inflow_square_sum,
        case when months >= 3 then {{ median_of_list('inflows', 'months') }} end as inflow_median_amount,
        case when months >= 3 then {{ median_of_list('outflows', 'months') }} end as outflow_median_amount,
        case when months >= 3 then {{ median_of_list('net_inflows', 'months') }} end as net_inflow_median_amount
    from sorted_flows
),

latest as (
    select customer_id, max(inflow_amount) as largest_inflow_amount, max(outflow_amount) as largest_outflow_amount
    from (
        select
            customer_id,
            biz_date,
            sum(case when direction = 'in' then amount else 0 end) as inflow_amount,
            sum(case when direction = 'out' then amount else 0 end) as outflow_amount
        from {{ ref('external_flows') }}
        where biz_date >= {{ recent_since(7) }}
        group by customer_id, biz_date
    ) as days
    group by customer_id
),

visits as (
    select customer_id, count(*) as visit_days
    from {{ ref('counter_days') }}
    where visited_on > {{ plus_days(as_of(), -90) }}
    group by customer_id
)

select
    customers.customer_id,
    case
        when salaries.customer_id is not null then true
        when customers.history_days >= {{ threshold('payroll_history_days') }} then false
    end as is_payroll,
    nullif(salaries.employer, '') as payroll_employer,
    salaries.median_amount as payroll_median_amount,
    case
        when stopped_pay.customer_id is not null then true
        when customers.history_days >= {{ threshold('payroll_history_days') }} then false
    end as is_payroll_stopped,
    stopped_pay.stopped_on as payroll_stopped_since_on,
    case
        when pay_elsewhere.customer_id is not null then true
        when customers.history_days >= {{ threshold('payroll_history_days') }} and customers.has_own_name_elsewhere then false
    end as is_payroll_elsewhere,
    pay_elsewhere.median_amount as payroll_elsewhere_amount,
    pay_elsewhere.bank as payroll_elsewhere_bank,
    case when customers.has_counterparty_bank then leave_rates.payroll_leave_rate_3d end as payroll_leave_rate_3d,
    case
        when pensions.pension_months >= {{ threshold('pension_months') }} then true
        when customers.history_days >= {{ threshold('payroll_history_days') }} then false
    end as is_pension,
    case when pensions.pension_months >= {{ threshold('pension_months') }} then pensions.median_amount end as pension_median_amount,
    case when pensions.pension_months >= {{ threshold('pension_months') }} then drawn_rates.pension_drawn_rate end as pension_drawn_rate,
    medians.inflow_median_amount as monthly_inflow_median_amount,
    medians.outflow_median_amount as monthly_outflow_median_amount,
    medians.net_inflow_median_amount as monthly_net_inflow_median_amount,
    case
        when medians.months >= 6 and medians.inflow_sum > 0
            then {{ rate('greatest(0.0e0, 1 - sqrt(greatest(0.0e0,
                medians.months * medians.inflow_square_sum / (medians.inflow_sum * medians.inflow_sum) - 1)))', '1') }}
    end as inflow_stability_rate,
    {{ money('coalesce(latest.largest_inflow_amount, 0)') }} as largest_inflow_7d_amount,
    {{ money('coalesce(latest.largest_outflow_amount, 0)') }} as largest_outflow_7d_amount,
    {{ money('coalesce(quarters.inflow_90d_amount, 0)') }} as inflow_90d_amount,
    case when customers.history_days >= 180 then {{ money('coalesce(quarters.inflow_prior_90d_amount, 0)') }} end as inflow_prior_90d_amount,
    cast(coalesce(visits.visit_days, 0) as integer) as branch_visits_90d,
    {{ as_of_column() }}
from customers
left join salaries on customers.customer_id = salaries.customer_id
left join stopped_pay on customers.customer_id = stopped_pay.customer_id
left join pay_elsewhere on customers.customer_id = pay_elsewhere.customer_id
left join leave_rates on customers.customer_id = leave_rates.customer_id
left join pensions on customers.customer_id = pensions.customer_id
left join drawn_rates on customers.customer_id = drawn_rates.customer_id
left join medians on customers.customer_id = medians.customer_id
left join quarters on customers.customer_id = quarters.customer_id
left join latest on customers.customer_id = latest.customer_id
left join visits on customers.customer_id = visits.customer_id
