-- customer_numbers: which whole number stands for each customer in the facts of balances?
--
-- One row per customer. Sorting and joining the balances of 15 months by a number costs half of what it does by a text.
-- The number is the one that earlier days were built with, else the customer's place in the order of customer_id after
-- those; it means nothing and lives for one run.
with unnumbered as (
    select
        customers.customer_id,
        row_number() over (order by customers.customer_id nulls last) as place
    from {{ ref('stg_core__customers') }} as customers
    anti join {{ ref('earlier_customers') }} as earlier on customers.customer_id = earlier.customer_id
),

numbered as (
    select coalesce(max(customer_no), 0) as last_no
    from {{ ref('earlier_customers') }}
)

select
    customers.customer_id,
    cast(coalesce(earlier.customer_no, numbered.last_no + unnumbered.place) as integer) as customer_no,
    {{ as_of_column() }}
from {{ ref('stg_core__customers') }} as customers
cross join numbered
left join {{ ref('earlier_customers') }} as earlier on customers.customer_id = earlier.customer_id
left join unnumbered on customers.customer_id = unnumbered.customer_id
