-- customer_month_flows: how much came in from outside in a month, and how much went out?
--
-- One row per customer and calendar month with any external flow, for the last seven complete months and the running one
-- (the six months before a month-end may begin on the last day of a seventh); of its inflow also what fell within the last
-- 90 days and the 90 before, of its outflow what fell within the last six months.
{% set amounts = month_flow_amounts() %}
{% set columns = ['month_end'] + amounts.keys() | list %}
with earlier_plain as (
    select *
    from {{ ref('earlier_flows') }}
    where counterparty_account = ''
),

earlier_asked as (
    select *
    from {{ ref('earlier_flows') }}
    where counterparty_account <> ''
),

earlier as (
    {{ outside_flows('earlier_plain', 'earlier_asked', 'account_no', columns) }}
),

flows as (
    select
        customer_no,
        last_day(biz_date) as month_end,
        {% for name, condition in amounts.items() -%}
        case when {{ condition }} then amount else 0 end as {{ name }}{{ ',' if not loop.last }}
        {% endfor %}
    from {{ ref('external_flows') }}
    where biz_date > cast('{{ month_ends(8)[7] }}' as date) and biz_date > {{ earlier_to() }}
    union all
    select customer_no, {{ columns | join(', ') }}
    from earlier
),

sums as (
    select
        customer_no,
        month_end,
        {% for name in amounts -%}
        {{ money('sum(' ~ name ~ ')') }} as {{ name }}{{ ',' if not loop.last }}
        {% endfor %}
    from flows
    group by customer_no, month_end
)

select
    customers.customer_id,
    sums.{{ columns | join(',\n    sums.') }},
    {{ as_of_column() }}
from sums
inner join {{ ref('customer_numbers') }} as customers on sums.customer_no = customers.customer_no
