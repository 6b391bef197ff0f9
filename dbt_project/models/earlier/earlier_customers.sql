-- earlier_customers: which whole number stood for each customer when earlier days were built?
--
-- One row per customer of that day. The other earlier models speak of customers by these numbers; customer_numbers keeps
-- them.
select
    customer_id,
    cast(row_number() over (order by customer_id nulls last) as integer) as customer_no,
    {{ as_of_column() }}
from {{ ref('stg_core__customers') }}
where {{ is_built_ahead() }}
