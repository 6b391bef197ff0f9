-- hall_habits: who can be expected at a counter on the list date?
--
-- One row per customer with a habit that points to that day. Habits are weeks and months: visits on that weekday in the
-- thirteen weeks before, and pensions or pay that arrived around that day of the month in the three months before. A day
-- to either side counts, for weekends move them.
with weekdays as (
    select customer_id, count(*) as visit_count
    from {{ ref('counter_days') }}
    where visited_on >= {{ plus_days(list_date(), -91) }} and {{ weekday('visited_on') }} = {{ weekday(list_date()) }}
    group by customer_id
),

arrivals as (
    select customer_id, paid_on, false as is_pension
    from {{ ref('payroll_credits') }}
    where paid_on >= {{ plus_days(list_date(), -95) }}
    union all
    select customer_id, paid_on, true as is_pension
    from {{ ref('pension_credits') }}
    where paid_on >= {{ plus_days(list_date(), -95) }}
),

paydays as (
    select
        customer_id,
        {%- for kind, is_kind in [('pension', 'is_pension'), ('pay', 'not is_pension')] %}
        {%- for months in [1, 2, 3] %}
        max(case when {{ is_kind }} and paid_on between {{ plus_days(plus_months(list_date(), -months), -1) }} and {{ plus_days(plus_months(list_date(), -months), 1) }} then 1 else 0 end)
        {{- ' +' if not loop.last }}
        {%- endfor %} as {{ kind }}_months{{ ',' if not loop.last }}
        {%- endfor %}
    from arrivals
    group by customer_id
),

known as (
    select
        customers.customer_id,
        coalesce(weekdays.visit_count, 0) as weekday_visits,
        coalesce(paydays.pension_months, 0) as pension_months,
        coalesce(paydays.pay_months, 0) as pay_months
    from {{ ref('stg_core__customers') }} as customers
    left join weekdays on customers.customer_id = weekdays.customer_id
    left join paydays on customers.customer_id = paydays.customer_id
)

select
    customer_id,
    cast(weekday_visits as integer) as weekday_visits_count,
    cast(pension_months as integer) as pension_day_months,
    cast(pay_months as integer) as pay_day_months,
    {{ as_of_column() }}
from known
where weekday_visits > 0 or pension_months > 0 or pay_months > 0
