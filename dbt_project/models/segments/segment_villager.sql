-- segment_villager 村民: who lives in the villages?
--
-- One row per customer of kind villager, or with a village as address.
select customer_id, {{ as_of_column() }}
from {{ ref('customer_labels') }}
where customer_kind = 'villager' or village_code is not null
