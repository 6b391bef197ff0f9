-- customer_segments: which segments does each customer belong to?
--
-- One row per customer and segment. The overlapping segments are the segment_*.sql models, found by their file names; the
-- partitions of all customers come from the labels, as value_tier:<tier>, lifecycle_stage:<stage> and
-- preference_cluster:<cluster>, each with unknown for those of whom it cannot be told.
{% for segment in var('segments') -%}
select customer_id, '{{ segment }}' as segment, {{ as_of_column() }}
from {{ ref('segment_' ~ segment) }}
union all
{% endfor -%}
{% for dimension in ['value_tier', 'lifecycle_stage', 'preference_cluster'] -%}
select customer_id, concat('{{ dimension }}:', coalesce({{ dimension }}, 'unknown')) as segment, {{ as_of_column() }}
from {{ ref('customer_labels') }}
{{ 'union all' if not loop.last }}
{% endfor %}
