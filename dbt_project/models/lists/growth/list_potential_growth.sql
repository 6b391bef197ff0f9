-- list_potential_growth 潜力提升: who could do much more with us than the balance says?
--
-- Who: a potential of at least 70 in the tiers up to growth (the segment of that name), with a product to propose.
-- Order: potential, the product proposed, value and potential together.
{% call(rule) marketing_list() %}
select
    customer_id as subject_id,
    cast(null as decimal(18, 2)) as stake_amount,
    cast(null as date) as due_on
from {{ ref('customer_labels') }}
where potential_score >= {{ threshold('potential_score_from', rule) }}
    and value_tier in ('long_tail', 'basic', 'growth')
    and next_best_product is not null
    and churn_stage in ('stable', 'not_rated')
{% endcall %}
