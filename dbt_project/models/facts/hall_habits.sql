-- hall_habits: who can be expected at a counter on the list date?
--
-- One row per customer with a habit that points to that day. Habits are weeks and months: visits on that weekday in the
-- thirteen weeks before, and pensions or pay that arrived around that day of the month in the three months before. A day
-- to either side counts, for weekends move them.
with counter_days as (
    select distinct accounts.customer_id, visits.biz_date
    from {{ ref('stg_core__transactions') }} as visits
    inner join {{ ref('stg_core__accounts') }} as accounts on visits.account_id = accounts.account_id
    where visits.channel = 'counter'
        and visits.biz_date >= {{ plus_days(list_date(), -91) }}
        and visits.txn_type not in ('interest', 'fee', 'tax', 'court', 'reversal')
        and coalesce(visits.is_customer_initiated, true)
),

weekdays as (
    select customer_id, count(*) as visit_count
    from counter_days
    where {{ weekday('biz_date') }} = {{ weekday(list_date()) }}
    group by customer_id
),

arrivals as (
    select customer_id, paid_on, false as is_pension
    from {{ ref('payroll_credits') }}
    where paid_on >= {{ plus_days(list_date(), -95) }}
    union all
    select accounts.customer_id, pensions.biz_date as paid_on, true as is_pension
    from {{ ref('stg_core__transactions') }} as pensions
    inner join {{ ref('stg_core__accounts') }} as accounts on pensions.account_id = accounts.account_id
    where pensions.txn_type = 'pension' and pensions.direction = 'in'
        and pensions.biz_date >= {{ plus_days(list_date(), -95) }}
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
