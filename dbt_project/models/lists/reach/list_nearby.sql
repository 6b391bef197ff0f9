-- list_nearby 网点周边: who lives round the corner of a branch that is not theirs, and has nobody who looks after them?
--
-- Who: at most 1.5 km from a branch other than the home branch, and no manager in service. The lead goes to the branch
-- next door.
-- Order: distance, value, pay or a shop nearby.
{% call(rule) marketing_list() %}
select
    labels.customer_id as subject_id,
    cast(null as decimal(18, 2)) as stake_amount,
    cast(null as date) as due_on
from {{ ref('customer_labels') }} as labels
left join {{ ref('stg_core__managers') }} as managers on labels.manager_id = managers.manager_id and managers.is_active
where labels.distance_to_nearest_branch_km <= {{ threshold('outreach_distance_km', rule) }}
    and labels.nearest_branch_id <> labels.home_branch_id
    and managers.manager_id is null
    and not coalesce(labels.is_minor, false)
{% endcall %}
