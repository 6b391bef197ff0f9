-- branch_loads: how full is each branch's day, and what would one more contact be worth there?
--
-- One row per branch at work on the list date. One more contact would go to the best of those that wait for room: its
-- priority is the expected value a year. Null where nobody waits.
select
    branches.branch_id,
    branches.capacity,
    cast(count(case when decisions.state = 'listed' then 1 end) as integer) as listed_count,
    cast(count(case when decisions.state = 'waiting' then 1 end) as integer) as waiting_count,
    {{ money("max(case when decisions.state = 'waiting' and decisions.reason = 'capacity' and not decisions.is_ghost then decisions.priority end)") }}
        as next_contact_amount,
    {{ as_of_column() }}
from {{ ref('branch_capacity') }} as branches
left join {{ ref('decisions') }} as decisions on branches.branch_id = decisions.branch_id and decisions.state in ('listed', 'waiting')
group by branches.branch_id, branches.capacity
