-- segment_senior 养老: who lives on a pension, or soon will?
--
-- One row per customer whose pension lands here, or who has reached the usual pension age.
select customer_id, {{ as_of_column() }}
from {{ ref('customer_labels') }}
where is_pension or age >= {{ threshold('senior_age_from') }}
