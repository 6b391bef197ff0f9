-- segment_marts: how large is each segment at each branch, and what does it hold?
--
-- One row per home branch and segment with at least one customer.
select
    labels.home_branch_id as branch_id,
    segments.segment,
    cast(count(*) as integer) as customer_count,
    {{ money('sum(labels.aum)') }} as aum,
    {% for held in [0, 1, 2, 3] -%}
    cast(sum(case when labels.product_count = {{ held }} then 1 else 0 end) as integer) as holding_{{ held }}_count,
    {% endfor -%}
    cast(sum(case when labels.product_count >= 4 then 1 else 0 end) as integer) as holding_4_or_more_count,
    cast(sum(case when labels.app_tier in ('high', 'medium', 'low') then 1 else 0 end) as integer) as app_active_count,
    cast(sum(case when labels.has_loan then 1 else 0 end) as integer) as borrower_count,
    {{ as_of_column() }}
from {{ ref('customer_segments') }} as segments
inner join {{ ref('customer_labels') }} as labels on segments.customer_id = labels.customer_id
group by labels.home_branch_id, segments.segment
