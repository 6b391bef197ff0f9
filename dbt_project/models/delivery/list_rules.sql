-- list_rules: what does each list that is on ask of delivery?
--
-- One row per list, from its YAML entry and its offer.
with entries as (
{{ list_entries() }}
)

select
    entries.list,
    entries.subject_type,
    entries.purpose,
    entries.product_family,
    entries.offer,
    entries.owner_role,
    entries.branch_rule,
    entries.channels,
    entries.central_channel,
    entries.weight,
    entries.base_rate,
    entries.valid_days,
    entries.cool_down_days,
    entries.min_per_branch,
    entries.most_per_branch,
    cast(offers.annual_margin as decimal(9, 6)) as annual_margin,
    {{ money('offers.value_per_success') }} as value_per_success,
    cast(offers.product_risk as integer) as product_risk,
    {{ as_of_column() }}
from entries
left join {{ ref('offers') }} as offers on entries.offer = offers.offer
