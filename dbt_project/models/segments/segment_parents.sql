-- segment_parents 亲子: who pays for children?
--
-- One row per customer with repeated tuition payments, or a child under age among the relations.
select customer_id, {{ as_of_column() }}
from {{ ref('customer_labels') }}
where tuition_180d_count >= {{ threshold('parents_tuition_payments') }} or family_stage in ('young_children', 'school_children')
