-- customer_segments: which segments does each customer belong to?
--
-- One row per customer and segment. The overlapping segments are the segment_*.sql models, found by their file names; the
-- two partitions of all customers come from the labels, as value_tier:<tier> and lifecycle_stage:<stage>.
{% for segment in var('segments') -%}
select customer_id, '{{ segment }}' as segment, {{ as_of_column() }}
from {{ ref('segment_' ~ segment) }}
union all
{% endfor -%}
select customer_id, concat('value_tier:', value_tier) as segment, {{ as_of_column() }}
from {{ ref('customer_labels') }}
where value_tier is not null
union all
select customer_id, concat('lifecycle_stage:', lifecycle_stage) as segment, {{ as_of_column() }}
from {{ ref('customer_labels') }}
where lifecycle_stage is not null
