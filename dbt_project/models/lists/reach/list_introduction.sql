-- list_introduction 关系链转介: who is close to a satisfied, higher-tier customer, and still misses a core product?
--
-- Who: a related customer of a higher tier and in a steady state stands by as introducer; a core product is missing.
-- Order: the introducer's tier and influence, the tie, the gap.
{% call(rule) marketing_list() %}
select
    customer_id as subject_id,
    cast(null as decimal(18, 2)) as stake_amount,
    cast(null as date) as due_on
from {{ ref('customer_labels') }}
where best_introducer_id is not null and core_products_missing_count >= {{ threshold('introduction_missing_from', rule) }}
{% endcall %}
