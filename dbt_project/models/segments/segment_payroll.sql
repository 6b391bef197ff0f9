-- segment_payroll 代发: whose pay lands here?
--
-- One row per customer with is_payroll.
select customer_id, {{ as_of_column() }}
from {{ ref('customer_labels') }}
where is_payroll
