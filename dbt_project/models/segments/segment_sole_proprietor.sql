-- segment_sole_proprietor 个体工商户: who runs a small business in their own name?
--
-- One row per customer of kind sole_proprietor.
select customer_id, {{ as_of_column() }}
from {{ ref('customer_labels') }}
where customer_kind = 'sole_proprietor'
