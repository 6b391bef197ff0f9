-- customer_numbers: which whole number stands for each customer in the facts of balances?
--
-- One row per customer. Sorting and joining the balances of 15 months by a number costs half of what it does by a text.
-- The number is the customer's place in the order of customer_id; it means nothing and lives for one run.
select
    customer_id,
    cast(row_number() over (order by customer_id nulls last) as integer) as customer_no,
    {{ as_of_column() }}
from {{ ref('stg_core__customers') }}
