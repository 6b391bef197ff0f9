-- segment_potential 潜力: who could hold far more here?
--
-- One row per customer of at most tier growth, with a high potential score.
select customer_id, {{ as_of_column() }}
from {{ ref('customer_labels') }}
where potential_score >= {{ threshold('potential_score_from') }} and value_tier in ('long_tail', 'basic', 'growth')
