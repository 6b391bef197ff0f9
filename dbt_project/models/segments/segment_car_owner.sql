-- segment_car_owner 车主: who drives?
--
-- One row per customer with is_car_owner.
select customer_id, {{ as_of_column() }}
from {{ ref('customer_labels') }}
where is_car_owner
