-- Every customer stands exactly once in each partition: value tier, lifecycle stage and preference cluster.
{% set dimensions = ['value_tier', 'lifecycle_stage', 'preference_cluster'] %}
with rows_per_customer as (
    select
        customer_id,
        {% for dimension in dimensions -%}
        sum(case when segment like '{{ dimension }}:%' then 1 else 0 end) as {{ dimension }}_rows{{ ',' if not loop.last }}
        {% endfor %}
    from {{ ref('customer_segments') }}
    group by customer_id
)

select customers.customer_id
from {{ ref('stg_core__customers') }} as customers
left join rows_per_customer on customers.customer_id = rows_per_customer.customer_id
where {% for dimension in dimensions -%}
    coalesce(rows_per_customer.{{ dimension }}_rows, 0) <> 1{{ ' or ' if not loop.last }}
{%- endfor %}
